// AudioWorklet: the microphone as pcm16 at the context's rate, 20 ms at a time, with the loudest sample of each piece.

class Capture extends AudioWorkletProcessor {
  #pcm = new Int16Array(Math.round(sampleRate / 50));
  #filled = 0;
  #peak = 0;

  process([input]: Float32Array[][]): boolean {
    for (const sample of input?.[0] ?? []) {
      const limited = Math.max(-1, Math.min(1, sample));
      this.#peak = Math.max(this.#peak, Math.abs(limited));
      this.#pcm[this.#filled++] = limited * 32_767;
      if (this.#filled === this.#pcm.length) this.#send();
    }
    return true;
  }

  #send(): void {
    const { buffer } = this.#pcm.slice();
    this.port.postMessage({ pcm: buffer, peak: this.#peak }, [buffer]);
    this.#filled = 0;
    this.#peak = 0;
  }
}

registerProcessor('capture', Capture);
