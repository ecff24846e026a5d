import type { DetailFragment } from './conversation.generated';
import type { LogEvent } from './store';

/** Part of a message's text and when it is heard, in ms from the beginning of the message's audio. */
interface Timed {
  text: string;
  startMs: number;
  endMs: number;
}

/** The characters that are heard at a position of a message's audio: [from, to), or undefined. */
export function heardAt(text: string, timed: readonly Timed[], ms: number): [number, number] | undefined {
  let at = 0;
  for (const piece of timed) {
    const words = piece.text.trim();
    const found = text.indexOf(words, at);
    const from = found === -1 ? at : found;
    const to = Math.min(text.length, from + words.length);
    if (ms >= piece.startMs && ms < piece.endMs) return [from, to];
    at = to;
  }
  return undefined;
}

/** The segments that the transcriber measured in the caller's recording. */
export function segmentsOf(detail: DetailFragment | undefined): Timed[] {
  const call = detail?.modelCalls.findLast((each) => each.stage === 'ASR' && each.status === 'OK');
  const segments = (call?.details as { segments?: unknown } | null | undefined)?.segments;
  if (!Array.isArray(segments)) return [];
  return segments.flatMap((each: { text?: unknown; start?: unknown; end?: unknown }) =>
    typeof each.text === 'string' && typeof each.start === 'number' && typeof each.end === 'number'
      ? [{ text: each.text, startMs: each.start * 1000, endMs: each.end * 1000 }]
      : [],
  );
}

/** The sentences of a turn's reply: as its events tell their durations, else by their share of the characters. */
export function sentencesOf(turnId: string, reply: string, durationMs: number, log: readonly LogEvent[]): Timed[] {
  const chunks = new Map<number, { text: string; durationMs: number }>();
  for (const event of log) {
    if (event.turnId === turnId && event.__typename === 'AudioChunkReady') chunks.set(event.index, event);
  }
  const inOrder = [...chunks.entries()].sort(([a], [b]) => a - b).map(([, chunk]) => chunk);
  const pieces = inOrder.length > 0 ? inOrder : byCharacters(reply, durationMs);
  let at = 0;
  return pieces.map((piece) => {
    const startMs = at;
    at += piece.durationMs;
    return { text: piece.text, startMs, endMs: at };
  });
}

function byCharacters(reply: string, durationMs: number): { text: string; durationMs: number }[] {
  const sentences = reply.split(/(?<=[.!?…。।؟])\s+/u);
  const all = sentences.reduce((sum, each) => sum + each.length, 0);
  return sentences.map((text) => ({ text, durationMs: (text.length / Math.max(1, all)) * durationMs }));
}
