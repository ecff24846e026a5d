const HEIGHT = 100;
const QUIET = 0.03;

/** A waveform that fills its box: a bar for each peak (0 to 1), mirrored about the middle. */
export function Waveform({ peaks, bars, tone }: { peaks: Float32Array; bars: number; tone: 'caller' | 'assistant' }) {
  const count = Math.max(1, Math.min(peaks.length, Math.round(bars)));
  const loudest = Math.max(0.1, ...loudestOf(peaks, count));
  const path = loudestOf(peaks, count)
    .map((level, index) => {
      const half = (Math.max(QUIET, level / loudest) * HEIGHT) / 2;
      return `M${index + 0.5} ${(HEIGHT / 2 - half).toFixed(1)}v${(2 * half).toFixed(1)}`;
    })
    .join('');
  return (
    <svg class={`waveform waveform-${tone}`} viewBox={`0 0 ${count} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}

/** The loudest of the peaks that fall on each bar. */
function loudestOf(peaks: Float32Array, count: number): number[] {
  return Array.from({ length: count }, (_, index) => {
    const from = Math.floor((index * peaks.length) / count);
    const to = Math.max(from + 1, Math.floor(((index + 1) * peaks.length) / count));
    let loudest = 0;
    for (let at = from; at < to; at++) loudest = Math.max(loudest, peaks[at] ?? 0);
    return loudest;
  });
}
