import { pathTo } from '@/state/router';
import { Duration } from '@/ui/Duration';
import { formatNumber } from '@/ui/format';
import { Link } from '@/ui/Link';
import { StatusDot, type Tone } from '@/ui/StatusDot';
import { Time } from '@/ui/Time';
import { words } from '@/words';
import { languageName } from '@/words/named';
import type { SessionOutcome, SessionRowFragment } from './list.generated';

export const TONES: Readonly<Record<SessionOutcome, Tone>> = {
  IN_PROGRESS: 'busy',
  HANDED_OVER: 'assistant',
  FILED: 'good',
  FAILED: 'bad',
  NOTHING_FILED: 'quiet',
};

/** A conversation in the list: what came of it, how it began, whose it is. */
export function SessionRow({ row }: { row: SessionRowFragment }) {
  const text = words.value.conversations;
  return (
    <Link to={pathTo('conversations', row.id)} class="session-row">
      <span class="session-outcome">
        <StatusDot tone={TONES[row.outcome]} isLive={row.outcome === 'IN_PROGRESS'}>
          {text.outcomes[row.outcome]}
        </StatusDot>
      </span>
      <span class="session-preview" dir="auto">
        {row.preview || <i>{text.noWords}</i>}
      </span>
      <span class="session-about">
        <bdi class="session-customer">{row.customerId}</bdi>
        <span>{row.persona}</span>
        <span>{text.channels[row.channel]}</span>
        <span>{languageName(row.language)}</span>
        <span>{text.turns(row.turnCount, formatNumber(row.turnCount))}</span>
        {row.recordCount > 0 && <span>{text.records(row.recordCount, formatNumber(row.recordCount))}</span>}
        {row.failedTurns > 0 && (
          <span class="session-failed">{text.failedTurns(row.failedTurns, formatNumber(row.failedTurns))}</span>
        )}
        {row.forkedFrom && <span>{text.fork}</span>}
      </span>
      <span class="session-when">
        <Time at={row.createdAt} />
        <Duration ms={row.durationMs} />
      </span>
    </Link>
  );
}
