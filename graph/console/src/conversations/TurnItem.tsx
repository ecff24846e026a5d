import { ApiError } from '@/api/errors';
import { unheardOf } from '@/talk/heard';
import { Button } from '@/ui/Button';
import { Duration } from '@/ui/Duration';
import { ErrorNotice } from '@/ui/ErrorNotice';
import { formatNumber } from '@/ui/format';
import { Icon } from '@/ui/Icon';
import { StatusDot } from '@/ui/StatusDot';
import { Time } from '@/ui/Time';
import { words } from '@/words';
import type { Side } from './clips';
import type { Draft } from './drafts';
import type { Line } from './store';
import { Words } from './Words';

export interface TurnItemProps {
  turn: Line;
  draft: Draft | undefined;
  isChosen: boolean;
  /** What is being heard of it. */
  lit: { side: Side; characters: [number, number] | undefined } | undefined;
  onChoose: () => void;
  /** Plays one side's message; undefined where it has no audio. */
  onPlay: Readonly<Record<Side, (() => void) | undefined>>;
}

/** A turn: what the customer said, what was done for it, what the agent answered. */
export function TurnItem({ turn, draft, isChosen, lit, onChoose, onPlay }: TurnItemProps) {
  const text = words.value.conversations;
  const { userMessage, reply } = turn;
  const said = userMessage.text ?? (draft?.said || undefined);
  const answer = reply?.text ?? (draft?.reply || undefined);
  const isGoing = turn.status === 'QUEUED' || turn.status === 'RUNNING';
  const isCut = reply !== null && (!reply.complete || reply.playback?.interrupted);
  return (
    <article class="turn" data-chosen={isChosen || undefined} aria-label={text.openTurn(formatNumber(turn.number))}>
      <button type="button" class="turn-open" aria-pressed={isChosen} onClick={onChoose}>
        {text.openTurn(formatNumber(turn.number))}
        {turn.timing.totalMs !== null && <Duration ms={turn.timing.totalMs} />}
      </button>
      <div class="said said-caller" data-lit={lit?.side === 'caller' || undefined}>
        <p class="who">
          {text.customerSide}
          <span class="who-more">
            <Time at={userMessage.createdAt} clock />
            {userMessage.digits && ` · ${text.typed}`}
          </span>
          <Listen onPlay={onPlay.caller} />
        </p>
        <Said said={said} isGoing={isGoing} lit={lit?.side === 'caller' ? lit.characters : undefined} />
      </div>
      {turn.toolCalls.map((tool) => (
        <p key={tool.id} class="turn-tool" data-status={tool.status}>
          <Icon name="tool" />
          <code>{tool.name}</code>
          <span>{words.value.talk.toolStates[tool.status]}</span>
          {tool.crmRecord && <strong class="mono">{tool.crmRecord.reference}</strong>}
        </p>
      ))}
      {(answer !== undefined || isGoing) && (
        <div class="said said-assistant" data-lit={lit?.side === 'assistant' || undefined}>
          <p class="who">
            {text.agentSide}
            {reply && (
              <span class="who-more">
                <Time at={reply.createdAt} clock />
                {isCut && ` · ${text.partial}`}
              </span>
            )}
            <Listen onPlay={onPlay.assistant} />
          </p>
          {answer === undefined ? (
            <StatusDot tone="busy" isLive>
              {words.value.talk.waiting}
            </StatusDot>
          ) : (
            <Words
              text={answer}
              lit={lit?.side === 'assistant' ? lit.characters : undefined}
              unheardFrom={unheardOf(answer, reply?.playback)}
            />
          )}
        </div>
      )}
      {turn.error && <ErrorNotice isPast error={new ApiError(turn.error.code, turn.error.message)} />}
    </article>
  );
}

function Said({ said, isGoing, lit }: { said: string | undefined; isGoing: boolean; lit: [number, number] | undefined }) {
  const text = words.value.conversations;
  if (said === undefined) return <p class="nothing">{isGoing ? words.value.talk.stages.ASR : text.notYet}</p>;
  return said === '' ? <p class="nothing">{text.silent}</p> : <Words text={said} lit={lit} />;
}

function Listen({ onPlay }: { onPlay: (() => void) | undefined }) {
  if (onPlay === undefined) return null;
  return (
    <Button kind="quiet" icon="play" iconOnly onClick={onPlay}>
      {words.value.conversations.playThis}
    </Button>
  );
}
