import { workletUrl } from './worklets';

/** How far an item was played; `peak`: its loudest sample since the last report (0 to 1). */
export interface Progress {
  state: 'playing' | 'idle' | 'cleared';
  id: string;
  playedMs: number;
  peak: number;
}

/** An item that was given to the loudspeaker and not played to its end. */
export interface Unplayed {
  id: string;
  heardMs: number;
}

/** Plays items of pcm16 one after the other, and knows what of each was heard. */
export class Speaker {
  /** Items in the order in which they came: how much of each was given and played, in ms. */
  private readonly items = new Map<string, { givenMs: number; playedMs: number }>();

  private constructor(
    private readonly context: AudioContext,
    private readonly node: AudioWorkletNode,
    private readonly onProgress: (progress: Progress) => void,
  ) {
    node.port.onmessage = ({ data }: MessageEvent<Progress>) => this.hearOf(data);
  }

  static async open(context: AudioContext, onProgress: (progress: Progress) => void): Promise<Speaker> {
    await context.audioWorklet.addModule(workletUrl('playback'));
    const node = new AudioWorkletNode(context, 'playback', { numberOfInputs: 0, outputChannelCount: [1] });
    node.connect(context.destination);
    return new Speaker(context, node, onProgress);
  }

  play(id: string, pcm: ArrayBuffer): void {
    const item = this.items.get(id) ?? { givenMs: 0, playedMs: 0 };
    item.givenMs += (pcm.byteLength / 2 / this.context.sampleRate) * 1000;
    this.items.set(id, item);
    this.node.port.postMessage({ type: 'play', id, pcm }, [pcm]);
  }

  /** Is silent at once. Returns what of the items that were not played to their end was heard. */
  clear(): Unplayed[] {
    this.node.port.postMessage({ type: 'clear' });
    const delayMs = (this.context.outputLatency || this.context.baseLatency || 0) * 1000;
    const unplayed = [...this.items]
      .filter(([, item]) => item.playedMs < item.givenMs - 1)
      .map(([id, item]) => ({ id, heardMs: Math.max(0, Math.floor(item.playedMs - delayMs)) }));
    this.items.clear();
    return unplayed;
  }

  get isPlaying(): boolean {
    return [...this.items.values()].some((item) => item.playedMs < item.givenMs - 1);
  }

  close(): void {
    this.node.port.onmessage = null;
    this.node.disconnect();
  }

  private hearOf(progress: Progress): void {
    const item = this.items.get(progress.id);
    if (progress.state === 'cleared') return;
    if (item !== undefined) item.playedMs = progress.playedMs;
    this.onProgress(progress);
  }
}
