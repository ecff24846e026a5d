import { useEffect, useRef, useState } from 'preact/hooks';
import { loudest, type Peaks, peaksOf } from '@/audio/peaks';
import { Button } from '@/ui/Button';
import { Waveform } from '@/ui/Waveform';
import { words } from '@/words';
import type { Clip, Layout } from './clips';
import type { Player } from './player';

const PX_A_SECOND = 14;
/** A waveform beside what is in sight is drawn too, as many px. */
const AROUND_PX = 600;
/** Longer ones would take hundreds of megabytes to decode. */
const LONGEST_MS = 20 * 60_000;

/** The audio of a conversation: both sides' waveforms over time. A click plays from there. */
export function Timeline({ layout, player }: { layout: Layout; player: Player }) {
  const text = words.value.conversations;
  const { clips, totalMs } = layout;
  if (clips.length === 0) return null;
  const isPlaying = player.isPlaying.value;
  return (
    <section class="timeline card" aria-label={text.timeline}>
      <div class="timeline-controls">
        <Button icon={isPlaying ? 'pause' : 'play'} iconOnly onClick={() => (isPlaying ? player.pause() : player.play())}>
          {isPlaying ? text.pause : text.play}
        </Button>
        <Position player={player} totalMs={totalMs} />
      </div>
      <Lanes layout={layout} player={player} />
      {player.hasFailed.value && (
        <p role="alert" class="timeline-failed">
          {text.cannotPlay}
        </p>
      )}
    </section>
  );
}

function Position({ player, totalMs }: { player: Player; totalMs: number }) {
  const text = words.value.conversations;
  const at = player.atMs.value;
  const spoken = text.positionOf(clock(at), clock(totalMs));
  return (
    <>
      <input
        type="range"
        class="timeline-range"
        min={0}
        max={Math.ceil(totalMs)}
        step={500}
        value={at}
        aria-label={text.position}
        aria-valuetext={spoken}
        onInput={(event) => player.seek(Number(event.currentTarget.value))}
      />
      <span class="figures timeline-clock" aria-hidden="true">
        {clock(at)} / {clock(totalMs)}
      </span>
    </>
  );
}

/** Minutes and seconds, as players write them. */
const clock = (ms: number): string => {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
};

function Lanes({ layout, player }: { layout: Layout; player: Player }) {
  const text = words.value.conversations;
  const box = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState({ from: 0, to: 2_000 });
  const [width, setWidth] = useState(800);
  const measure = () => {
    const element = box.current;
    if (element === null) return;
    setWidth(element.clientWidth);
    const from = Math.floor((element.scrollLeft - AROUND_PX) / 200) * 200;
    setSeen({ from, to: from + element.clientWidth + 2 * AROUND_PX + 200 });
  };
  useEffect(() => {
    measure();
    const observer = new ResizeObserver(measure);
    if (box.current) observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  const whole = Math.max(width, (layout.totalMs / 1000) * PX_A_SECOND);
  const scale = whole / Math.max(1, layout.totalMs);
  const at = player.atMs.value;
  useEffect(() => {
    const element = box.current;
    if (element === null || !player.isPlaying.peek()) return;
    const x = at * scale;
    if (x < element.scrollLeft || x > element.scrollLeft + element.clientWidth * 0.9) element.scrollLeft = x - 60;
  }, [at, scale]);
  const visible = layout.clips.filter(
    (clip) => (clip.startMs + clip.durationMs) * scale >= seen.from && clip.startMs * scale <= seen.to,
  );
  return (
    // Playing from a place by the keyboard is the range's business.
    <div class="timeline-scroll" ref={box} onScroll={measure} tabIndex={0} role="group" aria-label={text.timeline}>
      <div
        class="timeline-lanes"
        style={{ width: `${whole}px` }}
        onClick={(event) => {
          const { left } = event.currentTarget.getBoundingClientRect();
          player.play((event.clientX - left) / scale);
        }}
      >
        {visible.map((clip) => (
          <ClipBox key={clip.id} clip={clip} scale={scale} />
        ))}
        <span class="timeline-cursor" style={{ transform: `translateX(${at * scale}px)` }} />
      </div>
    </div>
  );
}

function ClipBox({ clip, scale }: { clip: Clip; scale: number }) {
  const [peaks, setPeaks] = useState<Peaks>();
  useEffect(() => {
    let isGone = false;
    // Without a waveform the clip is a bar; whether it can be heard is said when it is played.
    if (clip.durationMs <= LONGEST_MS) peaksOf(clip.id, clip.url).then((found) => isGone || setPeaks(found), () => undefined);
    return () => {
      isGone = true;
    };
  }, [clip.id]);
  const width = clip.durationMs * scale;
  const lanes = clip.side === 'both' ? (['caller', 'assistant'] as const) : [clip.side];
  const sounds = peaks && (clip.side === 'both' ? peaks : [loudest(peaks)]);
  return (
    <>
      {lanes.map((side, index) => {
        const channel = sounds?.[Math.min(index, sounds.length - 1)];
        return (
          <span
            key={side}
            class={`clip clip-${side}`}
            data-loaded={channel !== undefined || undefined}
            style={{ left: `${clip.startMs * scale}px`, width: `${Math.max(2, width)}px` }}
          >
            {channel && <Waveform peaks={channel} bars={width / 3} tone={side} />}
          </span>
        );
      })}
    </>
  );
}
