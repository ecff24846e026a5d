import { MicrophoneError } from './microphone';

/** A browser begins to play within moments, or, as Firefox without an audio device, never. */
const LONGEST_MS = 5_000;

/** Waits until the context plays. Raises MicrophoneError `silent`. */
export async function resumed(context: AudioContext): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new MicrophoneError('silent', 'The AudioContext stays suspended.')), LONGEST_MS);
  });
  await Promise.race([context.resume(), late]).finally(() => clearTimeout(timer));
}
