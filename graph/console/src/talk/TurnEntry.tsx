import { ApiError } from '@/api/errors';
import { Duration } from '@/ui/Duration';
import { ErrorNotice } from '@/ui/ErrorNotice';
import { Icon } from '@/ui/Icon';
import { PlainText } from '@/ui/PlainText';
import { StatusDot } from '@/ui/StatusDot';
import { words } from '@/words';
import type { Turn } from './conversation';
import { charactersHeard, unheardFrom } from './heard';
import { addedTo, played } from './progress';
import { Spoken } from './Spoken';
import { ToolChip } from './ToolChip';

/** A turn: what the caller said, what the agent did for it and what it answered. */
export function TurnEntry({ turn, entryKey }: { turn: Turn; entryKey: string }) {
  const text = words.value.talk;
  const isGoing = turn.status === 'QUEUED' || turn.status === 'RUNNING';
  const isCut = turn.status === 'CANCELLED' || turn.ended?.reply?.playback?.interrupted;
  const hasReply = turn.reply !== '' || (isGoing && turn.said !== undefined);
  return (
    <>
      <li class="said said-caller">
        <p class="who">{text.you}</p>
        <Said turn={turn} />
      </li>
      {turn.tools.map((tool) => (
        <ToolChip key={tool.id} tool={tool} />
      ))}
      {hasReply && (
        <li class="said said-assistant">
          <p class="who">
            {text.assistant}
            {isCut && <span class="who-more">{text.cancelled}</span>}
            {turn.endedAt !== undefined && (
              <span class="who-more">
                <Duration ms={turn.endedAt - turn.queuedAt} />
              </span>
            )}
          </p>
          {turn.reply === '' ? <Waiting turn={turn} /> : <Reply turn={turn} entryKey={entryKey} />}
        </li>
      )}
      {turn.ended?.error && (
        <li class="said-error">
          <ErrorNotice isPast error={new ApiError(turn.ended.error.code, turn.ended.error.message)} />
        </li>
      )}
    </>
  );
}

function Said({ turn }: { turn: Turn }) {
  const text = words.value.talk;
  const added = addedTo(turn.messageId);
  const said = added !== undefined && added.length > (turn.said ?? '').length ? added : turn.said;
  if (said === undefined) return <Thinking label={text.stages.ASR} />;
  return said === '' ? <p class="nothing">{text.silent}</p> : <PlainText text={said} />;
}

function Waiting({ turn }: { turn: Turn }) {
  const text = words.value.talk;
  const running = turn.stages.findLast((run) => run.endedAt === undefined);
  const label = turn.status === 'QUEUED' ? text.waiting : text.states.thinking;
  return <Thinking label={running === undefined ? label : text.stages[running.stage]} />;
}

function Thinking({ label }: { label: string }) {
  return (
    <StatusDot tone="busy" isLive>
      {label}
    </StatusDot>
  );
}

function Reply({ turn, entryKey }: { turn: Turn; entryKey: string }) {
  const playedMs = played.value.get(entryKey);
  const isDone = turn.ended?.reply?.playback !== undefined && turn.ended.reply.playback !== null;
  const heard = turn.isSpoken && !isDone && playedMs !== undefined ? charactersHeard(turn, playedMs) : undefined;
  return (
    <>
      <Spoken text={turn.reply} heard={heard} unheardFrom={isDone ? unheardFrom(turn) : undefined} />
      {turn.audioUrl && !turn.isSpoken && <Listen url={turn.audioUrl} />}
    </>
  );
}

/** The audio of a reply to a written message: by a click, as nobody asked to hear it. */
function Listen({ url }: { url: string }) {
  const label = words.value.talk.listen;
  return (
    <details class="listen">
      <summary>
        <Icon name="play" />
        {label}
      </summary>
      <audio controls preload="none" src={url} aria-label={label} />
    </details>
  );
}
