import { EventList } from '@/talk/EventList';
import { Button } from '@/ui/Button';
import { EmptyState } from '@/ui/EmptyState';
import { formatNumber } from '@/ui/format';
import { words } from '@/words';
import type { ConversationStore } from './store';

/** The event log; of a long session its beginning is read when asked for. */
export function LogPanel({ store }: { store: ConversationStore }) {
  const text = words.value.conversations;
  const log = store.log.value;
  const earlier = store.logFrom.value - 1;
  return (
    <div class="log">
      {earlier > 0 && (
        <Button kind="quiet" onClick={() => void store.readEarlier()}>
          {text.earlier(formatNumber(earlier))}
        </Button>
      )}
      {log.length === 0 && earlier === 0 ? (
        <EmptyState icon="overview" heading={text.eventsEmpty} />
      ) : (
        <div class="log-events">
          <EventList events={log} sticksToEnd />
        </div>
      )}
    </div>
  );
}
