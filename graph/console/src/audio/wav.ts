const HEADER = 44;
const BYTES = 2;

/** A WAV file of 16 bits of channels of one length, with samples from -1 to 1. */
export function wavOf(channels: readonly Float32Array[], sampleRate: number): Blob {
  const count = channels[0]?.length ?? 0;
  const frame = channels.length * BYTES;
  const view = new DataView(new ArrayBuffer(HEADER + count * frame));
  const name = (at: number, text: string) => [...text].forEach((each, index) => view.setUint8(at + index, each.charCodeAt(0)));
  name(0, 'RIFF');
  view.setUint32(4, HEADER - 8 + count * frame, true);
  name(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, channels.length, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, sampleRate * frame, true);
  view.setUint16(32, frame, true);
  view.setUint16(34, 8 * BYTES, true);
  name(36, 'data');
  view.setUint32(40, count * frame, true);
  channels.forEach((samples, channel) => {
    for (let index = 0; index < count; index++) {
      const value = Math.max(-1, Math.min(1, samples[index] as number));
      view.setInt16(HEADER + index * frame + channel * BYTES, Math.round(value * 32_767), true);
    }
  });
  return new Blob([view], { type: 'audio/wav' });
}
