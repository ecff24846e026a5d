import type { LogEvent } from '@/conversations/store';
import { Time } from '@/ui/Time';
import { VirtualList } from '@/ui/VirtualList';
import { words } from '@/words';
import type { TalkEvent } from './conversation';

type Logged = TalkEvent | LogEvent;

const SHOWN = 140;
const ROW_PX = 30;

/** Events of a session, a line each. */
export function EventList({ events, sticksToEnd = false }: { events: readonly Logged[]; sticksToEnd?: boolean }) {
  const text = words.value.talk;
  return (
    <VirtualList
      label={text.eventsLabel}
      items={events}
      keyOf={(event) => String(event.seq)}
      estimate={ROW_PX}
      sticksToEnd={sticksToEnd}
      draw={(event) => (
        <p class="event">
          <span class="event-seq figures">{event.seq}</span>
          <Time at={event.at} clock />
          <span class="event-name">{event.__typename}</span>
          <span dir="auto" class="event-about">
            {about(event).slice(0, SHOWN)}
          </span>
        </p>
      )}
    />
  );
}

/** What an event tells beside its name. */
function about(event: Logged): string {
  switch (event.__typename) {
    case 'StageStarted':
      return `${event.stage} ${event.engine}/${event.model}`;
    case 'StageCompleted':
      return event.stage;
    case 'StageSkipped':
      return `${event.stage} ${event.skipReason}`;
    case 'StageFailed':
      return `${event.stage} ${event.code}`;
    case 'TurnStarted':
      return String(event.attempt);
    case 'TranscriptPartial':
    case 'ReplyDelta':
    case 'CallPrompted':
      return event.text;
    case 'AudioChunkReady':
      return `${event.durationMs} ms ${event.text}`;
    case 'TranscriptReady':
    case 'ReplyReady':
      return event.message.text ?? '';
    case 'ToolCallStarted':
    case 'ToolCallFinished':
      return `${event.toolCall.name} ${event.toolCall.status}`;
    case 'CrmRecordUpdated':
      return event.crmRecord.reference;
    case 'CallEnded':
      return event.endReason;
    case 'TurnFailed':
      return event.turn.error?.code ?? '';
    default:
      return '';
  }
}
