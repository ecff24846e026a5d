import { signal } from '@preact/signals';
import { Microphone, MicrophoneError } from '@/audio/microphone';
import { resumed } from '@/audio/resumed';
import { type Progress, Speaker } from '@/audio/speaker';
import { RATE } from '@/audio/worklets';
import { type Closing, type ConnectionState, fromBase64, RealtimeConnection, type ServerEvent } from './realtime';

/** Where a call can be reached; the token is for it alone. */
export interface CallAddress {
  url: string;
  token: string;
}

/** What the caller is saying, before it is a message. */
export interface Utterance {
  itemId: string;
  text: string;
  /** The words are final: their message comes. */
  isFinal: boolean;
}

/** An item of the reply's audio: its words, and how much of it was played. */
export interface SpokenItem {
  itemId: string;
  text: string;
  playedMs: number;
}

/** The loudest sample of each side lately, 0 to 1: read by the drawing of the voices, not drawn by signals. */
export const levels = { caller: 0, assistant: 0 };

/** A fault that the server told of; the call goes on. */
export interface CallFault {
  code: string;
  message: string;
}

export interface CallHandlers {
  onClosed: (closing: Closing, reason: string) => void;
  onFault: (fault: CallFault) => void;
  onConnected: () => void;
  onMicrophoneLost: () => void;
}

const SILENT = new ArrayBuffer((RATE / 50) * 2);
const TRUNCATE = 'truncate-';
const MAX_ITEMS = 40;
const TRIES = 5;

/** A live call in this tab: microphone, loudspeaker and connection. */
export class LiveCall {
  readonly connection = signal<{ state: ConnectionState; retryAt?: number | undefined }>({ state: 'connecting' });
  readonly utterances = signal<readonly Utterance[]>([]);
  readonly items = signal<readonly SpokenItem[]>([]);
  readonly isCallerSpeaking = signal(false);
  readonly isAssistantSpeaking = signal(false);
  readonly isMuted = signal(false);
  readonly deviceId = signal<string | undefined>(undefined);

  private microphone: Microphone | undefined;
  private speaker: Speaker | undefined;
  private realtime: RealtimeConnection | undefined;
  private isResponding = false;
  private isOver = false;
  private triesLeft = 0;
  /** Items whose audio the person does not want any more, though some of it is still on its way. */
  private readonly dropped = new Set<string>();

  private constructor(
    private readonly context: AudioContext,
    private readonly handlers: CallHandlers,
  ) {}

  /** Opens microphone and loudspeaker, which a person's click allows. Raises MicrophoneError. */
  static async prepare(deviceId: string | undefined, handlers: CallHandlers): Promise<LiveCall> {
    const call = new LiveCall(new AudioContext({ sampleRate: RATE, latencyHint: 'interactive' }), handlers);
    try {
      await resumed(call.context);
      await call.useMicrophone(deviceId);
      call.speaker = await Speaker.open(call.context, (progress) => call.played(progress));
    } catch (error) {
      call.release();
      throw error instanceof MicrophoneError ? error : new MicrophoneError('failed', (error as Error).message);
    }
    return call;
  }

  connect({ url, token }: CallAddress): void {
    this.realtime = new RealtimeConnection(url, token, {
      onEvent: (event) => this.onEvent(event),
      onState: (state, retryAt) => {
        // The server counts what it sent before as not heard: it says the rest again.
        if (state === 'waiting' && this.connection.value.state === 'connected') this.silence();
        this.connection.value = { state, retryAt };
        if (state === 'connected') this.handlers.onConnected();
      },
      onClosed: (closing, reason) => {
        this.release();
        this.handlers.onClosed(closing, reason);
      },
    });
  }

  async useMicrophone(deviceId: string | undefined): Promise<void> {
    const next = await Microphone.open(
      this.context,
      deviceId,
      ({ pcm, peak }) => {
        levels.caller = this.isMuted.value ? 0 : Math.max(levels.caller, peak);
        // Silence goes on while muted: the call's clock is that of its audio.
        this.realtime?.sendAudio(this.isMuted.value ? SILENT : pcm);
      },
      () => this.handlers.onMicrophoneLost(),
    );
    if (this.isOver) return next.close();
    this.microphone?.close();
    this.microphone = next;
    this.deviceId.value = next.device.id;
  }

  /** Stops the reply that plays or is written. */
  interrupt(): void {
    const wasPlaying = this.cut();
    if (!wasPlaying && this.isResponding) this.realtime?.send({ type: 'response.cancel' });
  }

  /** A typed turn of the call. */
  type(text: string): boolean {
    this.interrupt();
    const item = { type: 'message', role: 'user', content: [{ type: 'input_text', text }] };
    const isSent = this.realtime?.send({ type: 'conversation.item.create', item }) ?? false;
    if (isSent) this.respond(TRIES);
    return isSent;
  }

  /** Asks for the reply to what was typed; so often again if another one has begun that the page has not heard of yet. */
  private respond(tries: number): void {
    this.triesLeft = tries;
    this.realtime?.send({ type: 'response.create' });
  }

  hangUp(): void {
    this.realtime?.hangUp();
    this.release();
  }

  /** Is silent at once, and reports what was heard. Returns whether something played. */
  private cut(): boolean {
    const unplayed = this.silence();
    for (const { id, heardMs } of unplayed) {
      this.dropped.add(id);
      this.realtime?.send({
        type: 'conversation.item.truncate',
        event_id: `${TRUNCATE}${id}`,
        item_id: id,
        content_index: 0,
        audio_end_ms: heardMs,
      });
    }
    return unplayed.length > 0;
  }

  private silence(): { id: string; heardMs: number }[] {
    levels.assistant = 0;
    this.isAssistantSpeaking.value = false;
    return this.speaker?.clear() ?? [];
  }

  private onEvent(event: ServerEvent): void {
    switch (event.type) {
      case 'input_audio_buffer.speech_started':
        this.isCallerSpeaking.value = true;
        this.cut();
        break;
      case 'input_audio_buffer.speech_stopped':
        this.isCallerSpeaking.value = false;
        break;
      case 'conversation.item.input_audio_transcription.delta':
        this.say(event.item_id, (text) => text + event.delta, false);
        break;
      case 'conversation.item.input_audio_transcription.completed':
        this.say(event.item_id, () => event.transcript, true);
        break;
      case 'response.created':
        this.isResponding = true;
        break;
      case 'response.done':
        this.isResponding = false;
        break;
      case 'response.output_audio.delta':
        this.play(event.item_id, fromBase64(event.delta));
        break;
      case 'response.output_audio_transcript.delta':
        this.update(event.item_id, (item) => ({ ...item, text: item.text + event.delta }));
        break;
      case 'error':
        this.onError(event.error);
        break;
    }
  }

  private onError(error: { code: string | null; message: string; event_id?: string | null }): void {
    // A truncate that comes after the item is forgotten changes nothing.
    if (error.event_id?.startsWith(TRUNCATE) || error.code === 'response_cancel_not_active') return;
    if (error.code === 'conversation_already_has_active_response' && this.triesLeft > 0) {
      if (!this.cut()) this.realtime?.send({ type: 'response.cancel' });
      this.respond(this.triesLeft - 1);
      return;
    }
    this.handlers.onFault({ code: error.code ?? 'ERROR', message: error.message });
  }

  private say(itemId: string, change: (text: string) => string, isFinal: boolean): void {
    const before = this.utterances.value.find((each) => each.itemId === itemId);
    const next = { itemId, text: change(before?.text ?? ''), isFinal };
    this.utterances.value = [...this.utterances.value.filter((each) => each.itemId !== itemId), next].slice(-MAX_ITEMS);
  }

  private play(itemId: string, pcm: ArrayBuffer): void {
    if (this.dropped.has(itemId) || pcm.byteLength === 0) return;
    this.speaker?.play(itemId, pcm);
    this.update(itemId, (item) => item);
  }

  private played({ id, playedMs, peak, state }: Progress): void {
    levels.assistant = Math.max(levels.assistant, peak);
    this.isAssistantSpeaking.value = state === 'playing' && (this.speaker?.isPlaying ?? false);
    this.update(id, (item) => ({ ...item, playedMs }));
  }

  private update(itemId: string, change: (item: SpokenItem) => SpokenItem): void {
    const index = this.items.value.findIndex((each) => each.itemId === itemId);
    const before = this.items.value[index];
    const next = change(before ?? { itemId, text: '', playedMs: 0 });
    if (before === undefined) this.items.value = [...this.items.value, next].slice(-MAX_ITEMS);
    else if (next !== before) this.items.value = this.items.value.with(index, next);
  }

  private release(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.silence();
    this.microphone?.close();
    this.speaker?.close();
    levels.caller = 0;
    void this.context.close();
  }
}
