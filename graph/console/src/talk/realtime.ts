/** Server events of the OpenAI Realtime protocol that the console acts on. */
export type ServerEvent =
  | { type: 'input_audio_buffer.speech_started' | 'input_audio_buffer.speech_stopped'; item_id: string }
  | { type: 'conversation.item.input_audio_transcription.delta'; item_id: string; delta: string }
  | { type: 'conversation.item.input_audio_transcription.completed'; item_id: string; transcript: string }
  | { type: 'response.created' | 'response.done'; response: { id: string; status: string } }
  | { type: 'response.output_audio.delta'; item_id: string; delta: string }
  | { type: 'response.output_audio_transcript.delta'; item_id: string; delta: string }
  | { type: 'error'; error: { code: string | null; message: string } }
  | { type: 'session.created' | 'conversation.created' };

export type ConnectionState = 'connecting' | 'connected' | 'waiting' | 'closed';

/** Why the connection is not made again; the keys of `words.talk.closed`. */
export type Closing = 'hungUp' | 'ended' | 'elsewhere' | 'refused' | 'full' | 'lost';

export interface RealtimeHandlers {
  onEvent: (event: ServerEvent) => void;
  onState: (state: ConnectionState, retryAt?: number) => void;
  /** The last thing: `reason` in the server's words, if it gave one. */
  onClosed: (closing: Closing, reason: string) => void;
}

const CONNECT_MS = 8_000;
const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 4_000;
/** A call lives 30 s without its connection; a server that starts again may need some of them. */
const LIVES_MS = 35_000;
/** A connection that has held so long is no failed attempt. */
const HELD_MS = 3_000;
/** Audio that waits to be sent beyond this much is dropped: a second of it says that the network has stopped. */
const MAX_BUFFERED = 100_000;

/** Close codes after which the same token connects to nothing any more. */
const FINAL: Readonly<Record<number, Closing>> = {
  1000: 'ended',
  4401: 'refused',
  4403: 'refused',
  4404: 'ended',
  4409: 'elsewhere',
  4410: 'ended',
};

/** The websocket of a call. A lost connection is made again with the same token, and the call goes on. */
export class RealtimeConnection {
  private socket: WebSocket | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private waitMs = FIRST_WAIT_MS;
  private lostAt: number | undefined;
  private isOver = false;
  private lastCode = 0;

  constructor(
    private readonly url: string,
    private readonly token: string,
    private readonly handlers: RealtimeHandlers,
  ) {
    this.connect();
  }

  /** Sends a client event if there is a connection. Returns whether it was sent. */
  send(event: { type: string; [member: string]: unknown }): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(event));
    return true;
  }

  /** Sends pcm16. Without a connection, and behind one that has stopped, it is dropped: late speech helps nobody. */
  sendAudio(pcm: ArrayBuffer): void {
    if (this.socket === undefined || this.socket.bufferedAmount > MAX_BUFFERED) return;
    this.send({ type: 'input_audio_buffer.append', audio: toBase64(pcm) });
  }

  /** Ends the call. */
  hangUp(): void {
    this.over('hungUp', '');
  }

  private connect(): void {
    this.handlers.onState(this.lostAt === undefined ? 'connecting' : 'waiting');
    const socket = new WebSocket(this.url, ['realtime', `openai-insecure-api-key.${this.token}`]);
    this.socket = socket;
    let held: ReturnType<typeof setTimeout> | undefined;
    const slow = setTimeout(() => socket.close(4000, 'No connection in time'), CONNECT_MS);
    socket.onmessage = ({ data }) => {
      if (socket !== this.socket || typeof data !== 'string') return;
      const event = parsed(data);
      // The handshake alone says little: a call that is refused is told so behind it.
      if (event?.type === 'conversation.created') {
        this.handlers.onState('connected');
        held = setTimeout(() => {
          this.lostAt = undefined;
          this.waitMs = FIRST_WAIT_MS;
        }, HELD_MS);
      }
      if (event !== undefined) this.handlers.onEvent(event);
    };
    socket.onopen = () => clearTimeout(slow);
    socket.onclose = ({ code, reason }) => {
      clearTimeout(slow);
      clearTimeout(held);
      if (socket !== this.socket || this.isOver) return;
      this.lost(code, reason);
    };
  }

  private lost(code: number, reason: string): void {
    this.lastCode = code;
    const final = FINAL[code];
    if (final !== undefined) return this.over(final, reason);
    this.lostAt ??= Date.now();
    if (Date.now() - this.lostAt > LIVES_MS) return this.over(this.lastCode === 1013 ? 'full' : 'lost', reason);
    const wait = this.waitMs * (0.75 + Math.random() / 2);
    this.waitMs = Math.min(this.waitMs * 2, LONGEST_WAIT_MS);
    this.handlers.onState('waiting', Date.now() + wait);
    this.timer = setTimeout(() => this.connect(), wait);
  }

  private over(closing: Closing, reason: string): void {
    if (this.isOver) return;
    this.isOver = true;
    clearTimeout(this.timer);
    this.socket?.close(1000);
    this.handlers.onState('closed');
    this.handlers.onClosed(closing, reason);
  }
}

function parsed(text: string): ServerEvent | undefined {
  try {
    return JSON.parse(text) as ServerEvent;
  } catch {
    return undefined;
  }
}

export function toBase64(data: ArrayBuffer): string {
  let text = '';
  for (const byte of new Uint8Array(data)) text += String.fromCharCode(byte);
  return btoa(text);
}

export function fromBase64(text: string): ArrayBuffer {
  const binary = atob(text);
  const data = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) data[at] = binary.charCodeAt(at);
  return data.buffer;
}
