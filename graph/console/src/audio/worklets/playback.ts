// AudioWorklet: plays pcm16 in order, without gaps, and says how much of each reply was heard.

/** `play`: a piece of the reply `id`. `clear`: be silent at once. `hold`: stop where it is, or go on. */
type Command =
  | { type: 'play'; id: string; pcm: ArrayBuffer }
  | { type: 'clear' }
  | { type: 'hold'; isHeld: boolean };

interface Piece {
  id: string;
  samples: Int16Array;
}

/** Frames of 128 samples between two reports while it plays. */
const REPORT_EVERY = 8;

class Playback extends AudioWorkletProcessor {
  #pieces: Piece[] = [];
  #offset = 0;
  #isHeld = false;
  #id = '';
  #played = 0;
  #peak = 0;
  #untilReport = 0;
  #isIdle = true;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<Command>) => this.#obey(data);
  }

  #obey(command: Command): void {
    if (command.type === 'play') {
      this.#pieces.push({ id: command.id, samples: new Int16Array(command.pcm) });
    } else if (command.type === 'hold') {
      this.#isHeld = command.isHeld;
    } else {
      this.#pieces = [];
      this.#offset = 0;
      this.#isHeld = false;
      this.#report('cleared');
    }
  }

  process(_inputs: Float32Array[][], [output]: Float32Array[][]): boolean {
    const channel = output?.[0];
    if (channel === undefined) return true;
    let filled = 0;
    while (!this.#isHeld && filled < channel.length) {
      const piece = this.#pieces[0];
      if (piece === undefined) break;
      if (piece.id !== this.#id) this.#begin(piece.id);
      const sample = (piece.samples[this.#offset++] ?? 0) / 32_768;
      channel[filled++] = sample;
      this.#played++;
      this.#peak = Math.max(this.#peak, Math.abs(sample));
      if (this.#offset >= piece.samples.length) {
        this.#pieces.shift();
        this.#offset = 0;
      }
    }
    const isIdle = filled === 0;
    if (isIdle && !this.#isIdle) this.#report('idle');
    else if (!isIdle && --this.#untilReport <= 0) this.#report('playing');
    this.#isIdle = isIdle;
    return true;
  }

  #begin(id: string): void {
    if (this.#id !== '') this.#report('playing');
    this.#id = id;
    this.#played = 0;
  }

  #report(state: 'playing' | 'idle' | 'cleared'): void {
    this.port.postMessage({ state, id: this.#id, playedMs: (this.#played / sampleRate) * 1000, peak: this.#peak });
    this.#peak = 0;
    this.#untilReport = REPORT_EVERY;
  }
}

registerProcessor('playback', Playback);
