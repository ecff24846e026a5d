import type { Head, Line } from './store';

export type Side = 'caller' | 'assistant';

/** A recording in the timeline of a conversation. `side`: of a whole call it is `both`, the caller left. */
export interface Clip {
  id: string;
  side: Side | 'both';
  url: string;
  startMs: number;
  durationMs: number;
  /** The turn that it belongs to; a whole call has several. */
  turn: number | undefined;
  callId: string | undefined;
}

/** A part of the audio that belongs to one message. */
export interface Passage {
  turn: number;
  side: Side;
  /** In the timeline. */
  startMs: number;
  endMs: number;
}

export interface Layout {
  clips: readonly Clip[];
  passages: readonly Passage[];
  totalMs: number;
}

/** Between two recordings, as nobody knows how long the silence was. */
const GAP_MS = 300;

/**
 * The audio of a conversation on one line of time: whole calls as they were recorded, else the recordings of the
 * messages one after the other, in the order in which they were said.
 */
export function layOut(turns: readonly Line[], calls: Head['calls']): Layout {
  const clips: Clip[] = [];
  const passages: Passage[] = [];
  const recorded = new Map(calls.filter((call) => call.recording !== null).map((call) => [call.id, call]));
  const starts = new Map<string, number>();
  let at = 0;
  const add = (sound: { id: string; url: string; durationMs: number }, about: Pick<Clip, 'side' | 'turn' | 'callId'>) => {
    const startMs = at;
    clips.push({ id: sound.id, url: sound.url, durationMs: sound.durationMs, startMs, ...about });
    at += sound.durationMs + GAP_MS;
    return startMs;
  };
  for (const turn of turns) {
    const call = recorded.get(turn.call?.id ?? '');
    if (call?.recording) {
      let start = starts.get(call.id);
      if (start === undefined) {
        start = add(call.recording, { side: 'both', turn: undefined, callId: call.id });
        starts.set(call.id, start);
      }
      passages.push(...spoken(turn, start));
      continue;
    }
    for (const [side, message] of [['caller', turn.userMessage], ['assistant', turn.reply]] as const) {
      if (!message?.audio) continue;
      const start = add(message.audio, { side, turn: turn.number, callId: undefined });
      passages.push({ turn: turn.number, side, startMs: start, endMs: start + message.audio.durationMs });
    }
  }
  for (const call of recorded.values()) {
    if (!starts.has(call.id) && call.recording) add(call.recording, { side: 'both', turn: undefined, callId: call.id });
  }
  return { clips, passages, totalMs: Math.max(0, at - GAP_MS) };
}

/** Where a turn stands in the recording of its call. */
function spoken({ number, live, reply }: Line, callStartMs: number): Passage[] {
  if (live === null) return [];
  const end = callStartMs + live.speechEndedMs;
  const passages: Passage[] = [{ turn: number, side: 'caller', startMs: callStartMs + live.speechStartedMs, endMs: end }];
  const sentMs = reply?.playback?.heardMs ?? reply?.audio?.durationMs ?? 0;
  if (live.firstAudioSentMs !== null && sentMs > 0) {
    const start = end + live.firstAudioSentMs;
    passages.push({ turn: number, side: 'assistant', startMs: start, endMs: start + sentMs });
  }
  return passages;
}

/** The passage that is heard at a position of the timeline: the one that began last. */
export const passageAt = (layout: Layout, ms: number): Passage | undefined =>
  layout.passages.findLast((each) => each.startMs <= ms && ms < each.endMs);
