import type { Virtualizer } from '@tanstack/virtual-core';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { EmptyState } from '@/ui/EmptyState';
import { ErrorNotice } from '@/ui/ErrorNotice';
import { formatNumber } from '@/ui/format';
import { VirtualList } from '@/ui/VirtualList';
import { words } from '@/words';
import type { Layout, Side } from './clips';
import type { DetailStore } from './details';
import { heardNow } from './lit';
import { MomentLine } from './MomentLine';
import { momentsOf } from './moments';
import type { Player } from './player';
import type { ConversationStore } from './store';
import { TurnItem } from './TurnItem';

const TURN_PX = 150;
const AGAIN_MS = [60, 250];

export interface ThreadProps {
  store: ConversationStore;
  details: DetailStore;
  layout: Layout;
  player: Player;
  chosen: number | undefined;
  onChoose: (turn: number) => void;
}

/** All turns of a conversation, of which those in sight are drawn, and read when they come in sight. */
export function Thread({ store, details, layout, player, chosen, onChoose }: ThreadProps) {
  const text = words.value.conversations;
  const handle = useRef<Virtualizer<HTMLElement, HTMLElement>>(null);
  const total = store.total.value;
  const log = store.log.value;
  const turns = store.turns.value;
  const moments = useMemo(() => momentsOf(log, store.logTurn.peek()), [log]);
  // Before the first turn the agent may greet: that stands in an item of its own.
  const numbers = useMemo(() => Array.from({ length: total + 1 }, (_, index) => index), [total]);
  const [heard] = useState(() => heardNow(store, details, player));
  const lit = heard.value;
  const playingTurn = lit?.turn;

  useEffect(() => {
    const id = playingTurn === undefined ? undefined : turns.get(playingTurn)?.id;
    if (id !== undefined) details.load(id, store.revisions.peek().get(id) ?? 0);
  }, [playingTurn]);
  const wanted = playingTurn ?? chosen;
  const isRead = wanted !== undefined && turns.has(wanted);
  useEffect(() => {
    if (wanted === undefined || wanted > total) return;
    const show = () => handle.current?.scrollToIndex(wanted, { align: 'auto' });
    show();
    // What comes in sight beside it is read and measured then, which moves it.
    const timers = AGAIN_MS.map((ms) => setTimeout(show, ms));
    return () => timers.forEach(clearTimeout);
  }, [wanted, isRead, total > 0]);

  if (total === 0 && moments.size === 0) {
    return (
      <EmptyState icon="conversations" heading={text.noTurns}>
        {text.noTurnsHelp}
      </EmptyState>
    );
  }
  return (
    <VirtualList
      label={text.thread}
      items={numbers}
      keyOf={(number) => String(number)}
      estimate={TURN_PX}
      sticksToEnd={store.head.value?.status === 'OPEN' && chosen === undefined && lit === undefined}
      handle={handle}
      draw={(number) => {
        const turn = turns.get(number);
        return (
          <div class="thread-item">
            {number > 0 && turn === undefined && <Pending store={store} number={number} />}
            {turn && (
              <TurnItem
                turn={turn}
                draft={store.drafts.value.get(turn.id)}
                isChosen={number === chosen}
                lit={number === playingTurn ? lit : undefined}
                onChoose={() => onChoose(number)}
                onPlay={{ caller: playOf(layout, player, number, 'caller'), assistant: playOf(layout, player, number, 'assistant') }}
              />
            )}
            {moments.get(number)?.map((moment) => (
              <MomentLine key={moment.seq} moment={moment} />
            ))}
          </div>
        );
      }}
    />
  );
}

/** A turn in sight that was not read yet. */
function Pending({ store, number }: { store: ConversationStore; number: number }) {
  const error = store.pageError.value;
  const turns = store.turns.value;
  useEffect(() => store.need(number), [number, turns, error]);
  if (error !== undefined) return <ErrorNotice error={error} onRetry={() => store.retryPage()} />;
  return <p class="turn-pending">{words.value.conversations.loadingTurn(formatNumber(number))}</p>;
}

function playOf(layout: Layout, player: Player, turn: number, side: Side): (() => void) | undefined {
  const passage = layout.passages.find((each) => each.turn === turn && each.side === side);
  return passage && (() => player.play(passage.startMs));
}
