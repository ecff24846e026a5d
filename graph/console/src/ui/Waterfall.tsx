import { formatDuration } from './format';

/** A span of work in a turn. `kind` chooses the colour. `isOpen`: it still runs. */
export interface Span {
  key: string;
  label: string;
  kind: 'queue' | 'asr' | 'llm' | 'tool' | 'tts' | 'play';
  startMs: number;
  durationMs: number;
  isOpen?: boolean;
  isFailed?: boolean;
}

/** A moment in a turn, such as its first sound. */
export interface Mark {
  label: string;
  atMs: number;
}

const WIDTH = 1000;

/** Spans of time one below the other, with their milliseconds: a list for screen readers, bars for eyes. */
export function Waterfall({ label, spans, marks = [] }: { label: string; spans: readonly Span[]; marks?: readonly Mark[] }) {
  const end = Math.max(1, ...spans.map((each) => each.startMs + each.durationMs), ...marks.map((each) => each.atMs));
  const x = (ms: number) => (ms / end) * WIDTH;
  return (
    <div class="waterfall">
      <ul aria-label={label}>
        {spans.map((span) => (
          <li key={span.key} class="span" data-open={span.isOpen || undefined} data-failed={span.isFailed || undefined}>
            <span class="span-label">{span.label}</span>
            <svg class="span-bar" viewBox={`0 0 ${WIDTH} 10`} preserveAspectRatio="none" aria-hidden="true">
              <rect class="span-track" x="0" y="4.5" width={WIDTH} height="1" />
              <rect
                class={`fill-${span.kind}`}
                x={x(span.startMs)}
                y="0"
                width={Math.max(4, x(span.durationMs))}
                height="10"
                rx="2"
              />
              {marks.map((mark) => (
                <line key={mark.label} class="span-mark" x1={x(mark.atMs)} x2={x(mark.atMs)} y1="0" y2="10" />
              ))}
            </svg>
            <span class="span-ms figures">{formatDuration(span.durationMs)}</span>
          </li>
        ))}
      </ul>
      {marks.length > 0 && (
        <dl class="marks">
          {marks.map((mark) => (
            <div key={mark.label}>
              <dt>{mark.label}</dt>
              <dd class="figures">{formatDuration(mark.atMs)}</dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}
