import { computed, type ReadonlySignal } from '@preact/signals';
import { type Passage, passageAt, type Side } from './clips';
import type { DetailStore } from './details';
import type { Player } from './player';
import { heardAt, segmentsOf, sentencesOf } from './sentences';
import type { ConversationStore, Line } from './store';

/** What is being heard: a turn's message, and of it the characters [from, to) if they are known. */
export interface Lit {
  turn: number;
  side: Side;
  characters: [number, number] | undefined;
}

/** What is being heard while it plays. The player moves with each frame; this changes with each sentence. */
export function heardNow(store: ConversationStore, details: DetailStore, player: Player): ReadonlySignal<Lit | undefined> {
  let last: Lit | undefined;
  return computed(() => {
    const passage = player.isPlaying.value ? passageAt(player.layout.value, player.atMs.value) : undefined;
    const next = passage && litOf(passage, store, details, player.atMs.value - passage.startMs);
    if (JSON.stringify(next) !== JSON.stringify(last)) last = next;
    return last;
  });
}

function litOf({ turn, side, startMs, endMs }: Passage, store: ConversationStore, details: DetailStore, ms: number): Lit {
  const line = store.turns.value.get(turn);
  if (line === undefined) return { turn, side, characters: undefined };
  const characters =
    side === 'caller' ? callerHeard(line, details, ms) : replyHeard(line, store, endMs - startMs, ms);
  return { turn, side, characters };
}

function callerHeard(turn: Line, details: DetailStore, ms: number): [number, number] | undefined {
  const segments = segmentsOf(details.all.value.get(turn.id)?.detail);
  return heardAt(turn.userMessage.text ?? '', segments, ms);
}

function replyHeard(turn: Line, store: ConversationStore, passageMs: number, ms: number): [number, number] | undefined {
  const reply = turn.reply?.text ?? '';
  const durationMs = turn.reply?.audio?.durationMs ?? passageMs;
  return heardAt(reply, sentencesOf(turn.id, reply, durationMs, store.log.peek()), ms);
}
