import { ApiError } from '@/api/errors';

/** Of decoded audio, enough for a waveform and for speech. */
export const SAMPLE_RATE = 16_000;
const TIMEOUT_MS = 60_000;

/** Fetches a recording by its signed URL and decodes it in the browser, at 16 kHz. Raises ApiError. */
export async function decoded(url: string, signal?: AbortSignal): Promise<AudioBuffer> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  let bytes: ArrayBuffer;
  try {
    const response = await fetch(url, { signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]) });
    if (!response.ok) throw new ApiError(response.headers.get('x-code') ?? 'BAD_RESPONSE', `HTTP ${response.status}`);
    bytes = await response.arrayBuffer();
  } catch (error) {
    if (error instanceof ApiError || signal?.aborted) throw error;
    throw new ApiError(timeout.aborted ? 'TIMEOUT' : 'OFFLINE', error instanceof Error ? error.message : String(error));
  }
  try {
    return await new OfflineAudioContext(1, 1, SAMPLE_RATE).decodeAudioData(bytes);
  } catch {
    throw new ApiError('AUDIO', 'The browser cannot decode this audio.');
  }
}
