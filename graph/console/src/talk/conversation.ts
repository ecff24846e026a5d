import type { RecordFragment, TalkEventsSubscription, ToolFragment, EndedFragment, Stage } from './talk.generated';

export type TalkEvent = TalkEventsSubscription['sessionEvents'];
export type ToolCall = ToolFragment;
export type CrmRecord = RecordFragment;

/** One run of a stage. Times are the server's, in ms since the epoch. */
export interface StageRun {
  stage: Stage;
  model: string;
  startedAt: number;
  endedAt: number | undefined;
  /** An error code, or why it was skipped. */
  fault: string | undefined;
}

export interface Turn {
  id: string;
  number: number;
  isSpoken: boolean;
  queuedAt: number;
  startedAt: number | undefined;
  endedAt: number | undefined;
  status: 'QUEUED' | 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELLED';
  messageId: string;
  said: string | undefined;
  reply: string;
  /** Pieces of the reply with the duration of their audio. */
  pieces: readonly { text: string; durationMs: number }[];
  audioUrl: string | undefined;
  stages: readonly StageRun[];
  tools: readonly ToolCall[];
  updates: readonly CrmRecord[];
  /** What came of it, once it has ended or its reply was heard. */
  ended: EndedFragment | undefined;
}

export type CallMoment = 'started' | 'dropped' | 'resumed' | 'ended';

/** What stands in the conversation, in order. */
export type Entry =
  | { kind: 'turn'; key: string; turn: Turn }
  | { kind: 'prompt'; key: string; text: string }
  | { kind: 'call'; key: string; moment: CallMoment; at: string; reason: string | undefined };

export interface Conversation {
  entries: readonly Entry[];
  /** All events, oldest first. */
  log: readonly TalkEvent[];
  /** The server's clock behind this one's, in ms, as far as events tell. */
  skewMs: number | undefined;
  isEnded: boolean;
}

export const EMPTY: Conversation = { entries: [], log: [], skewMs: undefined, isEnded: false };

/** The conversation after an event. Events come once each, in order of `seq`; `now`: of this machine's clock. */
export function after(before: Conversation, event: TalkEvent, now: number = Date.now()): Conversation {
  const behind = now - Date.parse(event.at);
  const skewMs = Math.min(behind, before.skewMs ?? behind);
  const next = { ...before, skewMs, log: [...before.log, event] };
  const add = (entry: Entry) => ({ ...next, entries: [...next.entries, entry] });
  const key = String(event.seq);
  switch (event.__typename) {
    case 'TurnQueued': {
      const entry: Entry = { kind: 'turn', key: event.turn.id, turn: begun(event.turn) };
      // A turn that is queued again, as when the caller went on speaking, stays where it was.
      const known = next.entries.findIndex((each) => each.kind === 'turn' && each.key === entry.key);
      return known === -1 ? add(entry) : { ...next, entries: next.entries.with(known, entry) };
    }
    case 'CallPrompted':
      return add({ kind: 'prompt', key, text: event.text });
    case 'CallStarted':
      return add({ kind: 'call', key, moment: 'started', at: event.at, reason: undefined });
    case 'CallDropped':
      return add({ kind: 'call', key, moment: 'dropped', at: event.at, reason: undefined });
    case 'CallResumed':
      return add({ kind: 'call', key, moment: 'resumed', at: event.at, reason: undefined });
    case 'CallEnded':
      return add({ kind: 'call', key, moment: 'ended', at: event.at, reason: event.endReason });
    case 'SessionEnded':
      return { ...next, isEnded: true };
    default:
      return { ...next, entries: withTurn(next.entries, event) };
  }
}

function withTurn(entries: readonly Entry[], event: TalkEvent): readonly Entry[] {
  const index = entries.findLastIndex((each) => each.kind === 'turn' && each.turn.id === event.turnId);
  const entry = entries[index];
  if (entry?.kind !== 'turn') return entries;
  const turn = turnAfter(entry.turn, event);
  return turn === entry.turn ? entries : entries.with(index, { ...entry, turn });
}

type Begun = Extract<TalkEvent, { __typename: 'TurnQueued' }>['turn'];

function begun(turn: Begun): Turn {
  return {
    id: turn.id,
    number: turn.number,
    isSpoken: turn.call !== null,
    queuedAt: Date.parse(turn.queuedAt),
    startedAt: undefined,
    endedAt: undefined,
    status: 'QUEUED',
    messageId: turn.userMessage.id,
    said: turn.userMessage.text ?? undefined,
    reply: '',
    pieces: [],
    audioUrl: undefined,
    stages: [],
    tools: [],
    updates: [],
    ended: undefined,
  };
}

const AGAIN = { reply: '', pieces: [], stages: [], endedAt: undefined, ended: undefined } as const;

function turnAfter(turn: Turn, event: TalkEvent): Turn {
  const at = Date.parse(event.at);
  switch (event.__typename) {
    case 'TurnReopened':
      return { ...turn, ...AGAIN, status: 'RUNNING', said: event.turn.userMessage.text ?? turn.said };
    case 'TurnStarted':
      return { ...turn, ...(event.attempt > 1 ? AGAIN : {}), status: 'RUNNING', startedAt: turn.startedAt ?? at };
    case 'TranscriptPartial':
      return { ...turn, said: event.text };
    case 'TranscriptReady':
      return { ...turn, said: event.message.text ?? '' };
    case 'StageStarted': {
      const run = { stage: event.stage, model: event.model, startedAt: at, endedAt: undefined, fault: undefined };
      return { ...turn, stages: [...turn.stages, run] };
    }
    case 'StageCompleted':
      return stageEnded(turn, event.stage, at, undefined);
    case 'StageFailed':
      return stageEnded(turn, event.stage, at, event.code);
    case 'StageSkipped': {
      const run = { stage: event.stage, model: '', startedAt: at, endedAt: at, fault: event.skipReason };
      return { ...turn, stages: [...turn.stages, run] };
    }
    case 'ReplyDelta':
      return { ...turn, reply: turn.reply + event.text };
    case 'ReplyReady':
      return { ...turn, reply: event.message.text ?? turn.reply };
    case 'AudioChunkReady':
      return { ...turn, pieces: turn.pieces.toSpliced(event.index, 1, { text: event.text, durationMs: event.durationMs }) };
    case 'AudioReady':
      return { ...turn, audioUrl: event.reply.audio?.url };
    case 'ToolCallStarted':
      return { ...turn, tools: [...turn.tools.filter((each) => each.id !== event.toolCall.id), event.toolCall] };
    case 'ToolCallFinished':
      return { ...turn, tools: [...turn.tools.filter((each) => each.id !== event.toolCall.id), event.toolCall] };
    case 'CrmRecordUpdated':
      return { ...turn, updates: [...turn.updates, event.crmRecord] };
    case 'PlaybackFinished':
    case 'ReplyInterrupted':
      return { ...turn, ended: event.turn, reply: replyOf(turn, event.turn) };
    case 'TurnCompleted':
      return finished(turn, event.turn, 'COMPLETED', at);
    case 'TurnFailed':
      return finished(turn, event.turn, 'FAILED', at);
    case 'TurnCancelled':
      return finished(turn, event.turn, 'CANCELLED', at);
    default:
      return turn;
  }
}

function finished(turn: Turn, ended: EndedFragment, status: Turn['status'], at: number): Turn {
  const stages = turn.stages.map((run) => (run.endedAt === undefined ? { ...run, endedAt: at } : run));
  return { ...turn, stages, status, ended, endedAt: at, reply: replyOf(turn, ended) };
}

/** The reply as it was written. Of one that is interrupted while it is made, the record keeps what was heard alone. */
function replyOf(turn: Turn, ended: EndedFragment): string {
  const stored = ended.reply?.text ?? turn.reply;
  return ended.reply?.playback?.interrupted && turn.reply.startsWith(stored) ? turn.reply : stored;
}

/** The oldest run of the stage that is open ends. */
function stageEnded(turn: Turn, stage: Stage, at: number, fault: string | undefined): Turn {
  const index = turn.stages.findIndex((run) => run.stage === stage && run.endedAt === undefined);
  const run = turn.stages[index];
  return run === undefined ? turn : { ...turn, stages: turn.stages.with(index, { ...run, endedAt: at, fault }) };
}

/** The turns, oldest first. */
export const turnsOf = (conversation: Conversation): Turn[] =>
  conversation.entries.flatMap((entry) => (entry.kind === 'turn' ? [entry.turn] : []));

/** Whether a call has begun that has not ended: its connection may come back. */
export const hasOpenCall = (conversation: Conversation): boolean => {
  const last = conversation.entries.findLast((entry) => entry.kind === 'call');
  return last?.kind === 'call' && last.moment !== 'ended';
};
