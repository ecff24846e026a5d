import { computed } from '@preact/signals';
import type { SpokenItem, Utterance } from './call';
import { type Entry, turnsOf } from './conversation';
import { call, conversation } from './store';

/** Of an item's words, so many are compared with a reply. */
const COMPARED = 40;

/** Which entry an item of audio belongs to: once found it stays. The protocol does not say; the words do. */
const links = new Map<string, string>();

function belongsTo(item: SpokenItem, entry: Entry): boolean {
  const words = item.text.trim().slice(0, COMPARED);
  if (words === '') return false;
  if (entry.kind === 'prompt') return entry.text.startsWith(words);
  // The end of a reply is another item when the caller only said "uh-huh" into it.
  return entry.kind === 'turn' && !entry.turn.ended?.reply?.playback && entry.turn.reply.includes(words);
}

/** How much of each entry's audio this page has played, in ms, by the entry's key. */
export const played = computed<ReadonlyMap<string, number>>(() => {
  const sums = new Map<string, number>();
  const { entries } = conversation.value;
  for (const item of call.value?.items.value ?? []) {
    const key = links.get(item.itemId) ?? entries.findLast((entry) => belongsTo(item, entry))?.key;
    if (key === undefined) continue;
    links.set(item.itemId, key);
    sums.set(key, (sums.get(key) ?? 0) + item.playedMs);
  }
  return sums;
});

/** What the caller says now, as far as no message has it. */
export const utterance = computed<Utterance | undefined>(() => {
  const last = call.value?.utterances.value.at(-1);
  if (last === undefined || last.text === '') return undefined;
  const isStored = turnsOf(conversation.value).some(
    (turn) => turn.messageId === last.itemId || (last.isFinal && turn.said === last.text),
  );
  return isStored ? undefined : last;
});

/** Words that the caller adds to a message that is stored: they went on speaking. */
export function addedTo(messageId: string): string | undefined {
  const last = call.value?.utterances.value.at(-1);
  return last !== undefined && last.itemId === messageId && !last.isFinal ? last.text : undefined;
}
