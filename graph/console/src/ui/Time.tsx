import { formatTime } from './format';

/** A time in the reader's zone; the tooltip has weekday, seconds and zone. */
export function Time({ at, clock = false }: { at: string; clock?: boolean }) {
  return (
    <time class="figures" dateTime={at} title={formatTime(at, 'exact')}>
      {formatTime(at, clock ? 'clock' : 'moment')}
    </time>
  );
}
