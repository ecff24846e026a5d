import { request, postJson } from '@/api/client';
import { Viewer } from '@/api/viewer.generated';
import { ApiError } from '@/api/errors';
import { signIn } from '@/state/session';

/** The one-time token in the address's fragment (`#sign-in=…`), which is taken out of the address and the history at once. */
export function takeToken(): string | undefined {
  const found = /^#sign-in=(.+)$/.exec(location.hash);
  if (found === null) return undefined;
  history.replaceState(null, '', location.pathname + location.search);
  return found[1];
}

/** Exchanges the token for an API key of some hours, and signs in with it. Raises ApiError. */
export async function signInWithToken(token: string): Promise<void> {
  const answer = (await postJson('/sign-in', { token })) as { key?: unknown; expiresAt?: unknown };
  if (typeof answer.key !== 'string') throw new ApiError('BAD_RESPONSE', 'A response without a key.');
  const ends = typeof answer.expiresAt === 'string' ? Date.parse(answer.expiresAt) : Number.NaN;
  await signInWithKey(answer.key, Number.isNaN(ends) ? undefined : ends);
}

/** Signs in with an API key if the server takes it. Raises ApiError. */
export async function signInWithKey(key: string, expiresAt?: number): Promise<void> {
  const { viewer } = await request(Viewer, {}, { key });
  signIn({ key, expiresAt, keyName: viewer.keyName, tenant: viewer.tenant });
}
