import { request } from '@/api/client';
import { ApiError, asApiError } from '@/api/errors';
import type { Document } from '@/api/document';
import {
  CancelEvalTurn,
  CreateEvalSession,
  EndEvalSession,
  type EvalConversationsQuery,
  EvalTurn,
  JudgeEval,
  type JudgeEvalQuery,
  SendEvalLine,
} from './evals.generated';

export type EvalConversation = EvalConversationsQuery['evalConversations'][number];
export type Miss = JudgeEvalQuery['judgeSession']['misses'][number];
export type Unjudged = JudgeEvalQuery['judgeSession']['unjudged'][number];

export interface Played {
  sessionId: string;
  misses: readonly Miss[];
  unjudged: readonly Unjudged[];
}

const RUNNING: readonly string[] = ['QUEUED', 'RUNNING'];
/** For a turn to end: with the message at first, then by asking again. */
const WAIT_SECONDS = 10;
const TURN_MS = 120_000;
const PAUSE_MS = 1_000;
const REQUEST_MS = (WAIT_SECONDS + 15) * 1_000;
/** Refusals of a busy server after which it is asked again. */
const BUSY = ['RATE_LIMITED', 'OVERLOADED'];
const TRIES = 6;

/** Whether it can be played here: a recording stands in a file that the page does not have. */
export const canPlay = (conversation: EvalConversation): boolean =>
  conversation.lines.every(({ say, speak }) => say !== null || speak !== null);

/** Plays a conversation through the public API, spoken lines as text, and has it judged. Raises ApiError. */
export async function play(
  conversation: EvalConversation,
  agent: { name: string; version: number },
  signal: AbortSignal,
  onSession: (id: string) => void,
): Promise<Played> {
  const { createSession } = await ask(
    CreateEvalSession,
    {
      input: {
        customerId: `eval-${crypto.randomUUID()}`,
        language: conversation.language,
        persona: agent.name,
        agentVersion: agent.version,
        channel: 'API',
        metadata: { ...(conversation.known as object), eval: conversation.name },
      },
    },
    signal,
  );
  const sessionId = createSession?.session.id;
  if (sessionId === undefined) throw new ApiError('BAD_RESPONSE', 'No session.');
  onSession(sessionId);
  try {
    for (const { say, speak } of conversation.lines) await sendLine(sessionId, say ?? speak ?? '', signal);
    const { judgeSession } = await ask(JudgeEval, { id: sessionId, conversation: conversation.source }, signal);
    return { sessionId, misses: judgeSession.misses, unjudged: judgeSession.unjudged };
  } finally {
    // Also of one that was stopped: nobody goes on with it.
    request(EndEvalSession, { id: sessionId }).catch(() => undefined);
  }
}

/** Sends a line and waits for its turn's end; a turn that takes too long, or is to be stopped, is cancelled. */
async function sendLine(sessionId: string, text: string, signal: AbortSignal): Promise<void> {
  const input = { sessionId, content: { text }, waitSeconds: WAIT_SECONDS, idempotencyKey: crypto.randomUUID() };
  const turn = (await ask(SendEvalLine, { input }, signal)).sendMessage?.turn;
  if (turn === undefined) throw new ApiError('BAD_RESPONSE', 'No turn.');
  const deadline = Date.now() + TURN_MS;
  let { status } = turn;
  try {
    while (RUNNING.includes(status)) {
      if (Date.now() > deadline) throw new ApiError('TIMEOUT', `A turn did not end within ${TURN_MS / 1000} s.`);
      await pause(PAUSE_MS, signal);
      status = (await ask(EvalTurn, { id: turn.id }, signal)).turn?.status ?? 'FAILED';
    }
  } catch (error) {
    request(CancelEvalTurn, { id: turn.id }).catch(() => undefined);
    throw error;
  }
}

/** A request that waits for a busy server. */
async function ask<Data, Variables>(document: Document<Data, Variables>, variables: Variables, signal: AbortSignal): Promise<Data> {
  for (let tries = 1; ; tries++) {
    try {
      return await request(document, variables, { signal, timeoutMs: REQUEST_MS });
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      const error = asApiError(thrown);
      if (!BUSY.includes(error.code) || tries === TRIES) throw error;
      await pause((error.retryAfter ?? tries) * 1_000, signal);
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}
