// AudioWorklet: the microphone as pcm16, 20 ms at a time.
// recipe: microphone
class Microphone extends AudioWorkletProcessor {
  pcm = new Int16Array(sampleRate / 50);
  filled = 0;

  process([[channel]]) {
    for (const sample of channel ?? []) {
      this.pcm[this.filled++] = Math.max(-1, Math.min(1, sample)) * 32_767;
      if (this.filled === this.pcm.length) {
        this.port.postMessage(this.pcm.slice().buffer);
        this.filled = 0;
      }
    }
    return true;
  }
}
registerProcessor('microphone', Microphone);
// end
