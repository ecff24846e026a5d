// Microphone and loudspeaker of a page, as pcm16.

// recipe: sound
/** Plays pcm16 in order, without gaps. */
export class Player {
  #context;
  #ends = 0;
  #playing = new Set();

  constructor(context) {
    this.#context = context;
  }

  play(pcm16) {
    const samples = Float32Array.from(new Int16Array(pcm16), (sample) => sample / 32_768);
    const buffer = this.#context.createBuffer(1, samples.length, this.#context.sampleRate);
    buffer.copyToChannel(samples, 0);
    const source = new AudioBufferSourceNode(this.#context, { buffer });
    source.connect(this.#context.destination);
    source.addEventListener('ended', () => this.#playing.delete(source));
    const start = Math.max(this.#ends, this.#context.currentTime);
    source.start(start);
    this.#ends = start + buffer.duration;
    this.#playing.add(source);
  }

  stop() {
    for (const source of this.#playing) source.stop();
    this.#ends = 0;
  }
}

/** Hands on the microphone's sound, 20 ms at a time; returns what closes it. */
export async function openMicrophone(context, onPcm16) {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 },
  });
  await context.audioWorklet.addModule('microphone.js');
  const worklet = new AudioWorkletNode(context, 'microphone', { numberOfOutputs: 0 });
  worklet.port.onmessage = ({ data }) => onPcm16(data);
  context.createMediaStreamSource(stream).connect(worklet);
  return () => stream.getTracks().forEach((track) => track.stop());
}
// end
