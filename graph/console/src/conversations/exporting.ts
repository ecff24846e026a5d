import { decoded, SAMPLE_RATE } from '@/audio/decode';
import { wavOf } from '@/audio/wav';
import { request } from '@/api/client';
import { ApiError } from '@/api/errors';
import { layOut } from './clips';
import {
  ConversationHead,
  EventPage,
  type EventPageQuery,
  ExportPage,
  type ExportPageQuery,
  OpenConversation,
} from './conversation.generated';
import type { LogEvent } from './store';

type ExportedTurn = NonNullable<ExportPageQuery['session']>['turns'][number];

/** Turns with all that was done in them, a request. */
const PAGE = 20;
/** Events a request. */
const EVENTS = 100;
const LONGEST_MS = 60 * 60_000;

export interface Exporting {
  signal: AbortSignal;
  onProgress: (done: number, all: number) => void;
}

/** Everything of a conversation as JSON: the session, all turns with what was done in them, all events so far. */
export async function exportJson(id: string, exporting: Exporting): Promise<Blob> {
  const { signal } = exporting;
  const { conversation } = await request(OpenConversation, { id, last: 1 }, { signal });
  if (conversation === null) throw new ApiError('NOT_FOUND', id);
  const turns = await allTurns(id, conversation.turns.at(-1)?.number ?? 0, exporting);
  const events = await allEvents(id, conversation.lastSeq, signal);
  const whole = { exportedAt: new Date().toISOString(), session: conversation.session, turns, events };
  return new Blob([JSON.stringify(whole, null, 2)], { type: 'application/json' });
}

/** Both sides as stereo WAV, the caller left; undefined if there is no audio. Raises ApiError TOO_LONG above an hour. */
export async function exportWav(id: string, exporting: Exporting): Promise<Blob | undefined> {
  const { signal, onProgress } = exporting;
  const { session } = await request(ConversationHead, { id }, { signal });
  if (session === null) throw new ApiError('NOT_FOUND', id);
  const turns = await allTurns(id, 0, { signal, onProgress: () => undefined });
  const { clips, totalMs } = layOut(turns, session.calls);
  if (clips.length === 0) return undefined;
  if (totalMs > LONGEST_MS) throw new ApiError('TOO_LONG', '');
  const length = Math.ceil((totalMs / 1000) * SAMPLE_RATE) + SAMPLE_RATE;
  const [left, right] = [new Float32Array(length), new Float32Array(length)];
  let end = 0;
  for (const [index, clip] of clips.entries()) {
    onProgress(index, clips.length);
    const buffer = await decoded(clip.url, signal);
    const start = Math.round((clip.startMs / 1000) * SAMPLE_RATE);
    const put = (side: Float32Array, sound: Float32Array) => {
      const samples = sound.subarray(0, length - start);
      side.set(samples, start);
      end = Math.max(end, start + samples.length);
    };
    const channels = Array.from({ length: buffer.numberOfChannels }, (_, channel) => buffer.getChannelData(channel));
    const whole = clip.side === 'both' ? channels : [mixed(channels)];
    if (clip.side !== 'assistant') put(left, whole[0] as Float32Array);
    if (clip.side !== 'caller') put(right, whole.at(-1) as Float32Array);
  }
  return wavOf([left.subarray(0, end), right.subarray(0, end)], SAMPLE_RATE);
}

/** The channels as one, as they are heard together. */
function mixed(channels: readonly Float32Array[]): Float32Array {
  const [first = new Float32Array(), ...others] = channels;
  if (others.length === 0) return first;
  return first.map((sample, at) => others.reduce((sum, each) => sum + (each[at] ?? 0), sample) / channels.length);
}

async function allTurns(id: string, expected: number, { signal, onProgress }: Exporting): Promise<ExportedTurn[]> {
  const turns: ExportedTurn[] = [];
  for (;;) {
    onProgress(turns.length, Math.max(expected, turns.length));
    const { session } = await request(ExportPage, { id, first: PAGE, after: turns.at(-1)?.id ?? null }, { signal });
    const page = session?.turns ?? [];
    turns.push(...page);
    if (page.length < PAGE) return turns;
  }
}

/** The events up to `lastSeq`, page by page. */
async function allEvents(id: string, lastSeq: number, signal: AbortSignal): Promise<LogEvent[]> {
  const events: LogEvent[] = [];
  let after: string | null = null;
  while ((events.at(-1)?.seq ?? 0) < lastSeq) {
    const page: EventPageQuery = await request(EventPage, { id, first: EVENTS, after }, { signal });
    const found = page.conversation?.events;
    events.push(...(found?.nodes ?? []).filter((event) => event.seq <= lastSeq));
    if (!found?.pageInfo.hasNextPage) break;
    after = found.pageInfo.endCursor;
  }
  return events;
}

/** Gives a file to the browser's downloads. */
export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
