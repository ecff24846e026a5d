import type { Client } from 'graphql-ws';
import { PREFIX } from '@/state/prefix';

declare global {
  /** The page loads it as GraphiQL does: one file of the library for both. */
  const graphqlWs: Pick<typeof import('graphql-ws'), 'createClient'>;
}

const ACK_MS = 10_000;
const PING_MS = 12_000;
const PONG_MS = 6_000;

let client: Client | undefined;
let clientKey: string | undefined;
let isAcknowledged = false;

/** Whether the websocket is open and its key accepted. */
export const isConnected = (): boolean => isAcknowledged;

/** The websocket of all subscriptions with this key. It opens with the first and closes after the last. */
export function socketOf(key: string): Client {
  if (client !== undefined && clientKey === key) return client;
  closeSocket();
  clientKey = key;
  let socket: WebSocket | undefined;
  let pong: ReturnType<typeof setTimeout> | undefined;
  client = graphqlWs.createClient({
    url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${PREFIX}/graphql`,
    connectionParams: { Authorization: `Bearer ${key}` },
    lazy: true,
    lazyCloseTimeout: 2_000,
    // A new attempt of its own would begin at the old afterSeq: subscription.ts makes it with the newest.
    retryAttempts: 0,
    connectionAckWaitTimeout: ACK_MS,
    keepAlive: PING_MS,
    on: {
      opened: (opened) => {
        socket = opened as WebSocket;
      },
      // A connection that is half open never errs by itself: a ping without a pong closes it.
      ping: (received) => {
        if (!received) pong = setTimeout(() => socket?.close(4408, 'No pong'), PONG_MS);
      },
      pong: (received) => {
        if (received) clearTimeout(pong);
      },
      connected: () => {
        isAcknowledged = true;
      },
      closed: () => {
        isAcknowledged = false;
        clearTimeout(pong);
      },
    },
  });
  return client;
}

export function closeSocket(): void {
  void client?.dispose();
  client = clientKey = undefined;
  isAcknowledged = false;
}
