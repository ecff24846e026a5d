import { useEffect, useRef } from 'preact/hooks';

/**
 * Does work again and again while the page is in sight, `wait()` ms after it was done; in a tab that comes in sight again
 * at once, if it was due meanwhile.
 */
export function useWhileVisible(work: () => Promise<void> | void, wait: () => number): void {
  const latest = useRef({ work, wait });
  latest.current = { work, wait };
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isDue = false;
    let isOver = false;
    const plan = () => {
      if (!isOver) timer = setTimeout(run, latest.current.wait());
    };
    const run = () => {
      isDue = document.visibilityState !== 'visible';
      if (!isDue) void Promise.resolve(latest.current.work()).finally(plan);
    };
    const onVisible = () => isDue && run();
    document.addEventListener('visibilitychange', onVisible);
    plan();
    return () => {
      isOver = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', onVisible);
    };
  }, []);
}
