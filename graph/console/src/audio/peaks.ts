import { decoded } from './decode';

/** The loudest sample (0 to 1) of each piece of `PEAK_MS`, for each channel. */
export type Peaks = readonly Float32Array[];

export const PEAK_MS = 50;
const AT_ONCE = 3;
const KEPT = 300;

const known = new Map<string, Promise<Peaks>>();
const waiting: (() => void)[] = [];
let running = 0;

/** The waveform of a recording, by the id of its audio; a few are fetched at once, and the newest kept. */
export function peaksOf(id: string, url: string): Promise<Peaks> {
  let found = known.get(id);
  if (found === undefined) {
    found = inTurn(() => decoded(url)).then(measured);
    found.catch(() => known.delete(id));
    known.set(id, found);
    const oldest = known.keys().next().value;
    if (known.size > KEPT && oldest !== undefined) known.delete(oldest);
  }
  return found;
}

/** The peaks of all channels as one: which of them a message's speaker is on, nobody says. */
export function loudest(peaks: Peaks): Float32Array {
  const [first = new Float32Array(), ...others] = peaks;
  return others.length === 0 ? first : first.map((level, at) => Math.max(level, ...others.map((each) => each[at] ?? 0)));
}

async function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  running++;
  try {
    return await work();
  } finally {
    running--;
    waiting.shift()?.();
  }
}

function measured(buffer: AudioBuffer): Peaks {
  const size = Math.round((buffer.sampleRate * PEAK_MS) / 1000);
  return Array.from({ length: buffer.numberOfChannels }, (_, channel) => {
    const samples = buffer.getChannelData(channel);
    const peaks = new Float32Array(Math.ceil(samples.length / size));
    for (let at = 0; at < samples.length; at++) {
      const piece = Math.floor(at / size);
      const level = Math.abs(samples[at] as number);
      if (level > (peaks[piece] as number)) peaks[piece] = level;
    }
    return peaks;
  });
}
