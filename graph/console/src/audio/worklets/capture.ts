// AudioWorklet: the microphone as pcm16, 20 ms at a time, with the loudest sample of each piece.

/** `rate`: of the pcm16, at most the context's. */
interface Options {
  processorOptions: { rate: number };
}

class Capture extends AudioWorkletProcessor {
  /** Samples of the context for one of the pcm16: their mean, which keeps out most of what would alias. */
  readonly #ratio: number;
  readonly #pcm: Int16Array;
  #filled = 0;
  #peak = 0;
  #sum = 0;
  #count = 0;
  #due: number;

  constructor({ processorOptions: { rate } }: Options) {
    super();
    this.#ratio = this.#due = sampleRate / rate;
    this.#pcm = new Int16Array(Math.round(rate / 50));
  }

  process([input]: Float32Array[][]): boolean {
    for (const sample of input?.[0] ?? []) {
      this.#sum += sample;
      if (++this.#count < Math.round(this.#due)) continue;
      this.#add(this.#sum / this.#count);
      this.#due += this.#ratio - this.#count;
      this.#sum = this.#count = 0;
    }
    return true;
  }

  #add(sample: number): void {
    const limited = Math.max(-1, Math.min(1, sample));
    this.#peak = Math.max(this.#peak, Math.abs(limited));
    this.#pcm[this.#filled++] = limited * 32_767;
    if (this.#filled === this.#pcm.length) this.#send();
  }

  #send(): void {
    const { buffer } = this.#pcm.slice();
    this.port.postMessage({ pcm: buffer, peak: this.#peak }, [buffer]);
    this.#filled = 0;
    this.#peak = 0;
  }
}

registerProcessor('capture', Capture);
