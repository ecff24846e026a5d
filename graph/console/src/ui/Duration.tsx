import { formatDuration } from './format';

export function Duration({ ms }: { ms: number | null | undefined }) {
  if (ms === null || ms === undefined) return <span class="figures">–</span>;
  return <span class="figures">{formatDuration(ms)}</span>;
}
