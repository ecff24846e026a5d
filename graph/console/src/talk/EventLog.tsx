import { EmptyState } from '@/ui/EmptyState';
import { words } from '@/words';
import { EventList } from './EventList';
import { conversation } from './store';

/** All events of the session, as they come. */
export function EventLog() {
  const text = words.value.talk;
  const { log } = conversation.value;
  if (log.length === 0) return <EmptyState icon="overview" heading={text.events}>{text.eventsEmpty}</EmptyState>;
  return <EventList events={log} sticksToEnd />;
}
