import { formatDay, formatDuration, formatNumber } from '@/ui/format';
import { Table } from '@/ui/Table';
import { words } from '@/words';
import type { OverviewQuery } from './overview.generated';
import { Section } from './Section';

type Day = OverviewQuery['overview']['days'][number];

const HEIGHT = 100;
const STEP = 20;

/** Turns of each day as bars, and all that was used in a table, the newest day first. */
export function Usage({ days, timeZone }: { days: readonly Day[]; timeZone: string }) {
  const text = words.value.overview;
  const most = Math.max(1, ...days.map((day) => day.turns));
  const first = days[0];
  const last = days.at(-1);
  return (
    <Section heading={text.usage}>
      <figure class="usage-chart" aria-hidden="true">
        <p class="chart-help">{text.mostTurns(formatNumber(Math.max(0, ...days.map((day) => day.turns))))}</p>
        <svg viewBox={`0 0 ${Math.max(1, days.length) * STEP} ${HEIGHT}`} preserveAspectRatio="none">
          <rect class="latency-track" y={HEIGHT - 1} width={days.length * STEP} height="1" />
          {days.map((day, index) => {
            const height = (day.turns / most) * HEIGHT;
            return (
              <rect class="fill-tts" key={day.date} x={index * STEP + 2} y={HEIGHT - height} width={STEP - 4} height={height}>
                <title>{`${formatDay(day.date)}: ${formatNumber(day.turns)}`}</title>
              </rect>
            );
          })}
        </svg>
        {first && last && (
          <figcaption>
            <span>{formatDay(first.date)}</span>
            {first !== last && <span>{formatDay(last.date)}</span>}
          </figcaption>
        )}
      </figure>
      <div class="usage-table">
        <Table
          caption={text.usage}
          rows={days.toReversed()}
          keyOf={(day) => day.date}
          columns={[
            { heading: text.day, cell: (day) => formatDay(day.date) },
            { heading: text.sessions, cell: (day) => formatNumber(day.sessions), isNumber: true },
            { heading: text.turns, cell: (day) => formatNumber(day.turns), isNumber: true },
            { heading: text.calls, cell: (day) => formatNumber(day.calls), isNumber: true },
            { heading: text.heard, cell: (day) => formatDuration(day.inputAudioSeconds * 1000), isNumber: true, isMinor: true },
            { heading: text.spoken, cell: (day) => formatDuration(day.outputAudioSeconds * 1000), isNumber: true, isMinor: true },
            {
              heading: text.tokens,
              cell: (day) => `${formatNumber(day.inputTokens)} / ${formatNumber(day.outputTokens)}`,
              isNumber: true,
              isMinor: true,
            },
          ]}
        />
      </div>
      <p class="chart-help">{text.daysOf(timeZone)}</p>
    </Section>
  );
}
