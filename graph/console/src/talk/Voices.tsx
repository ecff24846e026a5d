import { useEffect, useRef, useState } from 'preact/hooks';
import { words } from '@/words';
import { levels } from './call';
import { call } from './store';

const BARS = 120;
const EVERY_MS = 50;
const STEP = 1000 / BARS;
const MIDDLE = 40;

/** Loudness as the eye takes it: quiet speech is seen, and loud speech stays in the picture. */
const height = (peak: number): number => (peak < 0.004 ? 0 : Math.min(1, Math.sqrt(peak)) * (MIDDLE - 3));

/** Both voices of the last seconds: the caller above the line, the assistant below it. */
export function Voices() {
  const caller = useRef<SVGPathElement>(null);
  const assistant = useRef<SVGPathElement>(null);
  const [level, setLevel] = useState(0);
  const isLive = call.value !== undefined;
  useEffect(() => {
    if (!isLive) return;
    const history: { caller: number; assistant: number }[] = [];
    let loudest = 0;
    let ticks = 0;
    const timer = setInterval(() => {
      history.push({ caller: height(levels.caller), assistant: height(levels.assistant) });
      if (history.length > BARS) history.shift();
      loudest = Math.max(loudest, levels.caller);
      levels.caller *= 0.35;
      levels.assistant *= 0.35;
      const first = BARS - history.length;
      const path = (side: 'caller' | 'assistant', sign: number) =>
        history
          .map((each, index) => {
            const x = ((first + index + 0.5) * STEP).toFixed(1);
            return each[side] === 0 ? '' : `M${x} ${MIDDLE + 2 * sign}v${(sign * each[side]).toFixed(1)}`;
          })
          .join('');
      caller.current?.setAttribute('d', path('caller', -1));
      assistant.current?.setAttribute('d', path('assistant', 1));
      // A screen reader is told once a second.
      if (++ticks % (1000 / EVERY_MS) === 0) {
        setLevel(Math.round(loudest * 100));
        loudest = 0;
      }
    }, EVERY_MS);
    return () => {
      clearInterval(timer);
      setLevel(0);
    };
  }, [isLive]);
  return (
    <div
      class="voices"
      data-live={isLive || undefined}
      role="meter"
      aria-label={words.value.talk.level}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={level}
    >
      <svg viewBox={`0 0 1000 ${2 * MIDDLE}`} preserveAspectRatio="none" aria-hidden="true">
        <line class="voices-line" x1="0" x2="1000" y1={MIDDLE} y2={MIDDLE} />
        <path ref={caller} class="voices-caller" />
        <path ref={assistant} class="voices-assistant" />
      </svg>
    </div>
  );
}
