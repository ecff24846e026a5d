import type { ComponentChildren } from 'preact';
import { Duration } from '@/ui/Duration';
import { formatNumber } from '@/ui/format';
import { Json } from '@/ui/Json';
import { PlainText } from '@/ui/PlainText';
import { words } from '@/words';
import type { DetailFragment } from './conversation.generated';

type ModelCall = DetailFragment['modelCalls'][number];

/** A call of a model: which one, how long it took, what it used. */
export function ModelCallItem({ call }: { call: ModelCall }) {
  const { talk, conversations: text } = words.value;
  const facts: [string, string | null][] = [
    [text.tokens, call.inputTokens === null && call.outputTokens === null ? null : tokens(call)],
    [text.realTime, call.realTimeFactor === null ? null : formatNumber(Math.round(call.realTimeFactor * 100) / 100)],
    [text.attempt, call.attempt > 1 ? formatNumber(call.attempt) : null],
  ];
  const times: [string, number | null][] = [
    [text.firstOutput, call.firstOutputMs],
    [text.waits, call.waitMs >= 1 ? call.waitMs : null],
    [text.audioMs, call.inputAudioMs ?? call.outputAudioMs],
  ];
  return (
    <div class="call-item" data-failed={call.status === 'FAILED' || undefined}>
      <details class="tool-details">
        <summary>
          <span class={`stage-dot stage-${call.stage.toLowerCase()}`} aria-hidden="true" />
          <span class="call-stage">{talk.stages[call.stage]}</span>
          <code>
            {call.engine}/{call.model}
          </code>
          <Duration ms={call.durationMs} />
        </summary>
        <dl class="facts">
          {times.map(([label, ms]) => ms !== null && <Fact key={label} label={label} value={<Duration ms={ms} />} />)}
          {facts.map(([label, value]) => value !== null && <Fact key={label} label={label} value={value} />)}
        </dl>
        {call.details !== null && <Json label={text.details} value={call.details} />}
      </details>
      {call.error && <PlainText text={call.error} foldAt={400} />}
    </div>
  );
}

const tokens = ({ inputTokens, outputTokens }: ModelCall): string =>
  [inputTokens, outputTokens].map((count) => (count === null ? '–' : formatNumber(count))).join(', ');

function Fact({ label, value }: { label: string; value: ComponentChildren }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}
