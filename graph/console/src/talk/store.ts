import { batch, computed, effect, signal } from '@preact/signals';
import { request } from '@/api/client';
import { ApiError, asApiError } from '@/api/errors';
import { follow, type FollowState } from '@/api/subscription';
import { MicrophoneError } from '@/audio/microphone';
import { isCallLive } from '@/state/liveCall';
import { keep, kept } from '@/state/preferences';
import { navigate, pathTo } from '@/state/router';
import { isSignedIn } from '@/state/session';
import { words } from '@/words';
import { type CallAddress, type CallFault, LiveCall } from './call';
import { after, type Conversation, EMPTY, turnsOf } from './conversation';
import type { Closing } from './realtime';
import { EndTalk, OpenCall, OpenSession, SayText, StopTurn, TalkEvents, TalkSession } from './talk.generated';

/** Whom the person talks to. `version`: of the agent, if not the current one. */
export interface Choice {
  agent: string;
  language: string;
  version?: number | undefined;
}

export const sessionId = signal<string | undefined>(undefined);
export const conversation = signal<Conversation>(EMPTY);
export const following = signal<{ state: FollowState; retryAt?: number | undefined }>({ state: 'connecting' });
export const call = signal<LiveCall | undefined>(undefined);
/** How the last call of this tab ended. */
export const closed = signal<{ closing: Closing; reason: string } | undefined>(undefined);
export const microphoneError = signal<MicrophoneError | undefined>(undefined);
export const error = signal<ApiError | undefined>(undefined);
export const fault = signal<CallFault | undefined>(undefined);
/** What is being opened. */
export const opening = signal<'call' | 'text' | undefined>(undefined);
/** The microphone that the person chose; the browser's default if none. */
export const device = signal<string | undefined>(kept('microphone'));

export const unfinished = computed(() =>
  turnsOf(conversation.value).findLast((turn) => turn.status === 'QUEUED' || turn.status === 'RUNNING'),
);

/** Whether the conversation began before what is shown. */
export const isCut = signal(false);

/** Most events of a conversation that an address names: some hundred turns. */
const MOST_EVENTS = 3_000;

let unfollow: (() => void) | undefined;

// Of this tab: a page that is loaded again takes its call up.
const STORED = 'voxloom.call';

effect(() => {
  isCallLive.value = call.value !== undefined;
});

effect(() => {
  if (!isSignedIn.value) reset();
});

/** Forgets the conversation; the session stays open at the server. */
export function reset(): void {
  call.peek()?.hangUp();
  unfollow?.();
  unfollow = undefined;
  batch(() => {
    call.value = closed.value = error.value = fault.value = microphoneError.value = opening.value = undefined;
    sessionId.value = undefined;
    conversation.value = EMPTY;
  });
  sessionStorage.removeItem(STORED);
}

/** Goes on in a session that an address names; of a long one the last events are read. */
export async function openSession(id: string): Promise<void> {
  if (sessionId.peek() === id) return;
  // A page that is loaded again has none, and keeps the address of its call.
  if (sessionId.peek() !== undefined) reset();
  sessionId.value = id;
  // Where that is not answered, following tries again by itself.
  const found = await request(TalkSession, { id }).catch(() => ({ session: { lastSeq: 0 } }));
  if (sessionId.peek() !== id) return;
  if (found.session !== null) return followSession(id, Math.max(0, found.session.lastSeq - MOST_EVENTS));
  reset();
  error.value = new ApiError('NOT_FOUND', words.peek().conversations.missingHelp);
}

/** Follows a session's events after one of them. */
function followSession(id: string, afterSeq: number): void {
  unfollow?.();
  batch(() => {
    sessionId.value = id;
    conversation.value = EMPTY;
    isCut.value = afterSeq > 0;
  });
  unfollow = follow(TalkEvents, { sessionId: id }, afterSeq, {
    onEvent: (event) => {
      conversation.value = after(conversation.peek(), event);
    },
    onState: (state, retryAt) => {
      following.value = { state, retryAt };
    },
    onError: (failure) => {
      error.value = failure;
    },
  });
}

async function sessionOf(choice: Choice): Promise<string> {
  const known = sessionId.peek();
  if (known !== undefined) return known;
  const { createSession } = await request(OpenSession, {
    input: {
      customerId: 'console',
      channel: 'WEB',
      persona: choice.agent,
      language: choice.language,
      agentVersion: choice.version ?? null,
    },
  });
  if (createSession === null) throw new ApiError('BAD_RESPONSE', 'No session.');
  const { id } = createSession.session;
  followSession(id, 0);
  navigate(pathTo('talk', undefined, { session: id }), { replace: true });
  return id;
}

/** Calls the agent, in the conversation that is open or in a new one. `isRecorded`: the whole call is kept as audio. */
export async function startCall(choice: Choice, { isRecorded = false } = {}): Promise<void> {
  await open('call', async () => {
    // The microphone first: a person who refuses it has opened nothing.
    const live = await prepared();
    try {
      const id = await sessionOf(choice);
      const { openCall } = await request(OpenCall, { input: { sessionId: id, record: isRecorded } });
      if (openCall === null) throw new ApiError('BAD_RESPONSE', 'No call.');
      const address = { url: openCall.url, token: openCall.token };
      sessionStorage.setItem(STORED, JSON.stringify({ id, ...address }));
      connect(live, address);
    } catch (thrown) {
      live.hangUp();
      throw thrown;
    }
  });
}

/** The call that this tab held in the session before the page was loaded again. */
export function storedCall(id: string): CallAddress | undefined {
  try {
    const found = JSON.parse(sessionStorage.getItem(STORED) ?? 'null') as ({ id: string } & CallAddress) | null;
    return found?.id === id ? found : undefined;
  } catch {
    return undefined;
  }
}

/** Goes on with a call whose connection was lost with the page. */
export async function resumeCall(address: CallAddress): Promise<void> {
  await open('call', async () => connect(await prepared(), address));
}

async function open(what: 'call' | 'text', work: () => Promise<void>): Promise<void> {
  if (opening.peek() !== undefined) return;
  batch(() => {
    opening.value = what;
    error.value = closed.value = fault.value = microphoneError.value = undefined;
  });
  try {
    await work();
  } catch (thrown) {
    if (thrown instanceof MicrophoneError) microphoneError.value = thrown;
    else error.value = asApiError(thrown);
  } finally {
    opening.value = undefined;
  }
}

async function prepared(): Promise<LiveCall> {
  const live: LiveCall = await LiveCall.prepare(device.peek(), {
    onClosed: (closing, reason) => {
      if (call.peek() === live) call.value = undefined;
      closed.value = { closing, reason };
      sessionStorage.removeItem(STORED);
    },
    onFault: (told) => {
      fault.value = told;
    },
    // What stood against the connection before stands no longer.
    onConnected: () => {
      fault.value = undefined;
    },
    onMicrophoneLost: () => void chooseMicrophone(undefined),
  });
  return live;
}

function connect(live: LiveCall, address: CallAddress): void {
  call.value = live;
  live.connect(address);
}

export async function chooseMicrophone(id: string | undefined): Promise<void> {
  device.value = id;
  keep('microphone', id ?? '');
  try {
    microphoneError.value = undefined;
    await call.peek()?.useMicrophone(id);
  } catch (thrown) {
    if (thrown instanceof MicrophoneError) microphoneError.value = thrown;
  }
}

/** A message whose answer was lost: sent again by the person, it is the same one. */
let unanswered: { id: string; text: string; idempotencyKey: string } | undefined;

/** Says a text: in the call that goes on, else as a message. Returns whether it was taken. */
export async function say(text: string, choice: Choice): Promise<boolean> {
  if (call.peek()?.type(text)) return true;
  let isTaken = false;
  await open('text', async () => {
    const id = await sessionOf(choice);
    if (unanswered?.id !== id || unanswered.text !== text) unanswered = { id, text, idempotencyKey: crypto.randomUUID() };
    await request(SayText, { input: { sessionId: id, content: { text }, idempotencyKey: unanswered.idempotencyKey } });
    unanswered = undefined;
    isTaken = true;
  });
  return isTaken;
}

/** Stops the reply: what plays, and the turn that is not finished. */
export async function interrupt(): Promise<void> {
  if (call.peek() !== undefined) return call.peek()?.interrupt();
  const turn = unfinished.peek();
  if (turn !== undefined) await request(StopTurn, { input: { turnId: turn.id } }).catch((thrown) => {
    error.value = asApiError(thrown);
  });
}

/** Ends the call and its session, and begins with an empty page. */
export async function startOver(): Promise<void> {
  const id = sessionId.peek();
  reset();
  navigate(pathTo('talk'));
  if (id !== undefined) await request(EndTalk, { input: { sessionId: id } }).catch(() => undefined);
}
