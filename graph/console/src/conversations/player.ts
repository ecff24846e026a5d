import { signal } from '@preact/signals';
import type { Clip, Layout } from './clips';

/** Plays the recordings of a timeline, one after the other. */
export class Player {
  /** Position in the timeline, in ms. */
  readonly atMs = signal(0);
  readonly isPlaying = signal(false);
  readonly hasFailed = signal(false);
  readonly layout = signal<Layout>({ clips: [], passages: [], totalMs: 0 });
  #clip: Clip | undefined;
  readonly #audio = new Audio();
  #frame = 0;

  constructor() {
    this.#audio.preload = 'auto';
    this.#audio.addEventListener('ended', () => this.#next());
    this.#audio.addEventListener('error', () => this.#fail());
  }

  /** The timeline grows while turns are read and said: what plays goes on. */
  arrange(layout: Layout): void {
    this.layout.value = layout;
    const same = layout.clips.find((clip) => clip.id === this.#clip?.id);
    if (same !== undefined && this.#clip !== undefined) {
      this.atMs.value += same.startMs - this.#clip.startMs;
      this.#clip = same;
    }
  }

  /** Plays from a position on; from where it is without one, from the start at the end. */
  play(fromMs?: number): void {
    const { clips, totalMs } = this.layout.peek();
    let at = fromMs ?? this.atMs.peek();
    if (fromMs === undefined && at >= totalMs - 20) at = 0;
    const clip = clips.find((each) => at < each.startMs + each.durationMs);
    if (clip === undefined) return;
    this.hasFailed.value = false;
    this.isPlaying.value = true;
    this.atMs.value = Math.max(at, clip.startMs);
    this.#start(clip);
  }

  pause(): void {
    this.isPlaying.value = false;
    cancelAnimationFrame(this.#frame);
    this.#audio.pause();
  }

  seek(ms: number): void {
    if (this.isPlaying.peek()) return this.play(ms);
    this.#clip = undefined;
    this.atMs.value = ms;
  }

  close(): void {
    this.pause();
    this.#clip = undefined;
    this.#audio.removeAttribute('src');
  }

  #start(clip: Clip): void {
    if (this.#clip?.id !== clip.id || this.#audio.src === '') this.#audio.src = clip.url;
    this.#clip = clip;
    this.#audio.currentTime = (this.atMs.peek() - clip.startMs) / 1000;
    this.#audio.play().catch((error: unknown) => {
      // Another clip or a pause ended it: that is no failure.
      if (!(error instanceof DOMException && error.name === 'AbortError')) this.#fail();
    });
    this.#watch();
  }

  #watch(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => {
      if (!this.isPlaying.peek()) return;
      const { currentTime, seeking } = this.#audio;
      if (this.#clip !== undefined && !seeking) this.atMs.value = this.#clip.startMs + currentTime * 1000;
      this.#watch();
    });
  }

  #next(): void {
    const { clips, totalMs } = this.layout.peek();
    const next = clips[clips.findIndex((clip) => clip.id === this.#clip?.id) + 1];
    if (next === undefined) {
      this.pause();
      this.atMs.value = totalMs;
      return;
    }
    this.atMs.value = next.startMs;
    this.#start(next);
  }

  #fail(): void {
    if (this.#audio.getAttribute('src') === null) return;
    this.pause();
    this.hasFailed.value = true;
  }
}
