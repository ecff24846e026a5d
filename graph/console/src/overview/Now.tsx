import { formatNumber } from '@/ui/format';
import { Time } from '@/ui/Time';
import { words } from '@/words';
import type { OverviewQuery } from './overview.generated';

/** Calls, queue and workers at this moment. */
export function Now({ now }: { now: OverviewQuery['overview'] }) {
  const text = words.value.overview;
  const { queued, running, oldestQueuedAt } = now.queue;
  const capacity = now.workers.reduce((sum, each) => sum + each.capacity, 0);
  return (
    <dl class="now" aria-label={text.now}>
      <div class="card">
        <dt>{text.callsNow}</dt>
        <dd class="figures">{formatNumber(now.callsInProgress)}</dd>
      </div>
      <div class="card">
        <dt>{text.running}</dt>
        <dd class="figures">{formatNumber(running)}</dd>
        <dd class="now-help">{text.capacity(formatNumber(capacity))}</dd>
      </div>
      <div class="card">
        <dt>{text.queued}</dt>
        <dd class="figures">{formatNumber(queued)}</dd>
        {oldestQueuedAt !== null && (
          <dd class="now-help">
            {text.oldest} <Time at={oldestQueuedAt} clock />
          </dd>
        )}
      </div>
      <div class="card">
        <dt>{text.workers}</dt>
        <dd class="figures">{formatNumber(now.workers.length)}</dd>
        {now.workers.length === 0 && <dd class="now-help">{text.noWorkers}</dd>}
      </div>
    </dl>
  );
}
