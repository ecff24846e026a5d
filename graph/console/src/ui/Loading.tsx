import { useEffect, useState } from 'preact/hooks';
import { words } from '@/words';

const SLOW_MS = 4_000;

/** While a request runs, which ends by its time-out; says so when it takes long. */
export function Loading({ label }: { label?: string }) {
  const [isSlow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), SLOW_MS);
    return () => clearTimeout(timer);
  }, []);
  const { common } = words.value;
  return (
    <div class="loading" role="status">
      <span class="loading-bars" aria-hidden="true">
        <i />
        <i />
        <i />
        <i />
      </span>
      <span>{isSlow ? common.slow : (label ?? common.loading)}</span>
    </div>
  );
}
