import type { Turn } from './conversation';

/** Of a voice whose pieces are not known yet. */
const CHARACTERS_A_SECOND = 15;

/** How many characters of a turn's reply were heard after so many ms of its audio. */
export function charactersHeard(turn: Turn, playedMs: number): number {
  let left = playedMs;
  let at = 0;
  for (const piece of turn.pieces) {
    const found = turn.reply.indexOf(piece.text, at);
    const start = found === -1 ? at : found;
    if (left < piece.durationMs) return atWord(turn.reply, start + (piece.text.length * left) / piece.durationMs);
    left -= piece.durationMs;
    at = Math.min(turn.reply.length, start + piece.text.length);
  }
  return atWord(turn.reply, at + (left / 1000) * CHARACTERS_A_SECOND);
}

/** The end of the word at a position: words light up as a whole. */
function atWord(text: string, position: number): number {
  const end = text.slice(Math.floor(position)).search(/\s/u);
  return end === -1 ? text.length : Math.floor(position) + end;
}

/** Where the part begins that was not heard; undefined if nothing is known or all was heard. */
export function unheardFrom(turn: Turn): number | undefined {
  const reply = turn.ended?.reply;
  const isUnheard = turn.isSpoken && turn.status === 'CANCELLED' && turn.reply !== '' && turn.ended !== undefined && !reply;
  return isUnheard ? 0 : unheardOf(turn.reply, reply?.playback);
}

/** The same for a reply's text and what is known of its playback. */
export function unheardOf(reply: string, playback: Playback | null | undefined): number | undefined {
  if (!playback || (playback.heardMs >= playback.totalMs && !playback.interrupted)) return undefined;
  const { heardText } = playback;
  const isPrefix = reply.startsWith(heardText);
  const from = isPrefix ? heardText.length : reply.indexOf(heardText.trim()) + heardText.trim().length;
  return from < reply.trimEnd().length ? from : undefined;
}

interface Playback {
  heardText: string;
  heardMs: number;
  totalMs: number;
  interrupted: boolean;
}
