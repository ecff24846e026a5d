import { formatNumber } from '@/ui/format';
import { Table } from '@/ui/Table';
import { Time } from '@/ui/Time';
import { words } from '@/words';
import type { OverviewQuery } from './overview.generated';
import { Section } from './Section';

const WIDTH = 100;

/** Failed turns by their codes, the most frequent first. */
export function Errors({ errors }: { errors: OverviewQuery['overview']['errors'] }) {
  const text = words.value.overview;
  const most = Math.max(1, ...errors.map((each) => each.count));
  return (
    <Section heading={text.errors}>
      {errors.length === 0 ? (
        <p class="chart-help">{text.noErrors}</p>
      ) : (
        <Table
          caption={text.errors}
          rows={errors}
          keyOf={(each) => `${each.code} ${each.stage}`}
          columns={[
            {
              heading: text.error,
              cell: (each) => (
                <>
                  {words.value.errors.headings[each.code]} <code>{each.code}</code>
                </>
              ),
            },
            { heading: text.stage, cell: (each) => (each.stage === null ? '–' : words.value.talk.stages[each.stage]) },
            {
              heading: text.share,
              cell: (each) => (
                <svg class="error-bar" viewBox={`0 0 ${WIDTH} 10`} preserveAspectRatio="none" aria-hidden="true">
                  <rect width={(each.count / most) * WIDTH} height="10" />
                </svg>
              ),
              isMinor: true,
            },
            { heading: text.count, cell: (each) => formatNumber(each.count), isNumber: true },
            { heading: text.last, cell: (each) => <Time at={each.lastAt} />, isMinor: true },
          ]}
        />
      )}
    </Section>
  );
}
