import { keyRefused, session } from '@/state/session';
import type { Document } from './document';
import { ApiError, type GraphQLFault, ofResponse } from './errors';
import { isConnected, socketOf } from './socket';

/** `live`: events come as they happen. `waiting`: the connection is lost; another attempt follows by itself. */
export type FollowState = 'connecting' | 'live' | 'waiting' | 'ended' | 'failed';

interface Numbered {
  seq: number;
}

export interface Followed<Event> {
  onEvent: (event: Event) => void;
  /** `retryAt`: when the next attempt is made (ms since the epoch), while waiting. */
  onState?: (state: FollowState, retryAt?: number) => void;
  /** An error after which there are no more attempts. */
  onError?: (error: ApiError) => void;
}

/** Errors that pass: the same subscription may succeed later. */
const PASSING = new Set(['OVERLOADED', 'RATE_LIMITED', 'DATABASE_UNAVAILABLE', 'TOO_SLOW', 'INTERNAL']);

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

/**
 * Follows events from `afterSeq` on, over lost connections and restarts of the server: each event exactly once, in order.
 * Ends by itself when the subscription completes. Returns what stops it.
 *
 * `document`: a subscription of one field with the variable `afterSeq`, whose events have `seq`.
 */
export function follow<Data extends object, Variables extends { afterSeq?: number | null | undefined }>(
  document: Document<Data, Variables>,
  variables: Omit<Variables, 'afterSeq'>,
  afterSeq: number,
  { onEvent, onState, onError }: Followed<Data[keyof Data]>,
): () => void {
  let last = afterSeq;
  let waitMs = FIRST_WAIT_MS;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let unsubscribe: (() => void) | undefined;
  let isStopped = false;

  const stop = () => {
    isStopped = true;
    clearTimeout(timer);
    removeEventListener('online', attemptNow);
    unsubscribe?.();
  };
  const end = (state: FollowState) => {
    if (isStopped) return;
    stop();
    onState?.(state);
  };
  const fail = (error: ApiError) => {
    if (isStopped) return;
    end('failed');
    onError?.(error);
  };
  const wait = () => {
    if (isStopped) return;
    clearTimeout(timer);
    const jittered = waitMs * (0.75 + Math.random() / 2);
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
    onState?.('waiting', Date.now() + jittered);
    timer = setTimeout(attempt, jittered);
  };
  function attemptNow(): void {
    if (timer === undefined || isStopped) return;
    clearTimeout(timer);
    attempt();
  }
  function attempt(): void {
    timer = undefined;
    const key = session.value?.key;
    if (key === undefined) return fail(new ApiError('UNAUTHENTICATED', 'No API key.'));
    const client = socketOf(key);
    onState?.(isConnected() ? 'live' : 'connecting');
    // The subscription itself says nothing until an event comes: connected is when the socket is.
    const forget = client.on('connected', () => {
      waitMs = FIRST_WAIT_MS;
      if (!isStopped) onState?.('live');
    });
    const isOpen = { current: true };
    const close = client.subscribe<Data>(
      { query: document, variables: { ...variables, afterSeq: last } },
      {
        next: ({ data, errors }) => {
          if (!isOpen.current) return;
          if (errors !== undefined) {
            const error = ofResponse(errors as readonly GraphQLFault[]);
            if (!PASSING.has(error.code)) return fail(error);
            isOpen.current = false;
            close();
            return wait();
          }
          for (const event of Object.values(data ?? {}) as Data[keyof Data][]) {
            const { seq } = event as Numbered;
            if (seq <= last) continue;
            last = seq;
            waitMs = FIRST_WAIT_MS;
            onState?.('live');
            onEvent(event);
          }
        },
        error: (error) => {
          forget();
          if (!isOpen.current || isStopped) return;
          isOpen.current = false;
          if (isRefusal(error)) {
            keyRefused(key);
            return fail(new ApiError('UNAUTHENTICATED', 'The API key is not valid.'));
          }
          if (Array.isArray(error)) {
            const fault = ofResponse(error as GraphQLFault[]);
            if (!PASSING.has(fault.code)) return fail(fault);
          }
          wait();
        },
        complete: () => {
          forget();
          if (isOpen.current) end('ended');
        },
      },
    );
    unsubscribe = () => {
      forget();
      isOpen.current = false;
      close();
    };
  }
  addEventListener('online', attemptNow);
  attempt();
  return stop;
}

/** Whether the server closed the websocket because of the key: 4403 at the handshake, or once it was revoked. */
function isRefusal(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && (error as CloseEvent).code === 4403;
}
