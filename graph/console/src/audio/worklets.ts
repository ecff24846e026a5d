/** The address of a worklet's file, whose name has a hash: the built page carries it. */
export function workletUrl(name: 'capture' | 'playback'): string {
  const url = document.getElementById('console')?.dataset[name];
  if (url === undefined) throw new Error(`The page names no ${name} worklet.`);
  return url;
}

/** Samples per second of the Realtime protocol's pcm16, and of the whole audio graph. */
export const RATE = 24_000;
