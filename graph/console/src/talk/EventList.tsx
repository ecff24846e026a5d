import type { LogEvent } from '@/conversations/store';
import { formatDuration, formatNumber } from '@/ui/format';
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
  const { events: names } = words.value.terms;
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
          <span class="event-name" title={event.__typename}>
            {names[event.__typename]}
          </span>
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
  const { talk: text, terms } = words.value;
  switch (event.__typename) {
    case 'StageStarted':
      return `${text.stages[event.stage]} ${event.engine}/${event.model}`;
    case 'StageCompleted':
      return text.stages[event.stage];
    case 'StageSkipped':
      return `${text.stages[event.stage]} ${event.skipReason}`;
    case 'StageFailed':
      return `${text.stages[event.stage]} ${event.code}`;
    case 'TurnStarted':
      return event.attempt > 1 ? terms.attempt(formatNumber(event.attempt)) : '';
    case 'TranscriptPartial':
    case 'ReplyDelta':
    case 'CallPrompted':
      return event.text;
    case 'AudioChunkReady':
      return `${formatDuration(event.durationMs)} ${event.text}`;
    case 'TranscriptReady':
    case 'ReplyReady':
      return event.message.text ?? '';
    case 'ToolCallStarted':
    case 'ToolCallFinished':
      return `${event.toolCall.name} ${text.toolStates[event.toolCall.status]}`;
    case 'CrmRecordUpdated':
      return event.crmRecord.reference;
    case 'CallEnded':
      return text.endReasons[event.endReason] ?? event.endReason;
    case 'TurnFailed':
      return event.turn.error?.code ?? '';
    default:
      return '';
  }
}
