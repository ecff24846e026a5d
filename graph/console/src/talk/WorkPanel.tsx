import { useEffect, useReducer } from 'preact/hooks';
import { EmptyState } from '@/ui/EmptyState';
import { formatDuration, formatNumber } from '@/ui/format';
import { Waterfall } from '@/ui/Waterfall';
import { words } from '@/words';
import { type Turn, turnsOf } from './conversation';
import { marksOf, spansOf } from './spans';
import { conversation } from './store';
import { ToolDetails } from './ToolDetails';

const TICK_MS = 100;
const SHOWN = 30;

/** Each turn's stages with their times, its tool calls and records; the newest first. */
export function WorkPanel() {
  const text = words.value.talk;
  const turns = turnsOf(conversation.value).slice(-SHOWN).reverse();
  if (turns.length === 0) return <EmptyState icon="overview" heading={text.work}>{text.workEmpty}</EmptyState>;
  return (
    <div class="work" tabIndex={0} role="region" aria-label={text.work}>
      {turns.map((turn, index) => (
        <TurnWork key={turn.id} turn={turn} isNewest={index === 0} />
      ))}
    </div>
  );
}

function TurnWork({ turn, isNewest }: { turn: Turn; isNewest: boolean }) {
  const text = words.value.talk;
  const isGoing = turn.endedAt === undefined;
  useTick(isGoing);
  const serverNow = Date.now() - (conversation.value.skewMs ?? 0);
  const { live } = turn.ended ?? {};
  const total = (turn.endedAt ?? serverNow) - turn.queuedAt;
  return (
    <details class="turn-work" open={isNewest}>
      <summary>
        <span class="turn-number">{text.turn(formatNumber(turn.number))}</span>
        <span dir="auto" class="turn-said">
          {turn.said?.slice(0, 80)}
        </span>
        <span class="figures">{formatDuration(Math.max(0, total))}</span>
      </summary>
      <Waterfall label={text.waterfall} spans={spansOf(turn, serverNow, text)} marks={marksOf(turn, text)} />
      {live && (
        <dl class="marks">
          {live.endDecidedMs !== null && (
            <div>
              <dt>{text.endDecided}</dt>
              <dd class="figures">{formatDuration(live.endDecidedMs)}</dd>
            </div>
          )}
          {live.firstAudioSentMs !== null && (
            <div>
              <dt>{text.firstSent}</dt>
              <dd class="figures">{formatDuration(live.firstAudioSentMs)}</dd>
            </div>
          )}
        </dl>
      )}
      <ToolDetails tools={turn.tools} updates={turn.updates} />
    </details>
  );
}

/** Draws again while something runs. */
function useTick(isRunning: boolean): void {
  const [, tick] = useReducer<number, void>((round) => round + 1, 0);
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(() => tick(), TICK_MS);
    return () => clearInterval(timer);
  }, [isRunning]);
}
