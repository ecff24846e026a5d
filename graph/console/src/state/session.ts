import { computed, signal } from '@preact/signals';

/** A person who is signed in: their API key and what it is called. */
export interface Session {
  key: string;
  keyName: string;
  tenant: string;
  /** When the key ends (ms since the epoch), if that is known. */
  expiresAt: number | undefined;
}

/** Why there is no session: `refused`: the key stopped working; `expired`: its time is over; `left`: signed out. */
export type SignedOutReason = 'refused' | 'expired' | 'left';

// Of this tab only: neither another tab nor the next start of the browser has the key.
const STORED = 'voxloom.session';

export const session = signal<Session | undefined>(stored());
export const signedOutReason = signal<SignedOutReason | undefined>(undefined);
export const isSignedIn = computed(() => session.value !== undefined);

let expiry: ReturnType<typeof setTimeout> | undefined;
watchExpiry();

export function signIn(opened: Session): void {
  session.value = opened;
  signedOutReason.value = undefined;
  sessionStorage.setItem(STORED, JSON.stringify(opened));
  watchExpiry();
}

export function signOut(reason: SignedOutReason = 'left'): void {
  clearTimeout(expiry);
  sessionStorage.removeItem(STORED);
  signedOutReason.value = reason;
  session.value = undefined;
}

/** The server refused this key. An answer to a request of an earlier key changes nothing. */
export function keyRefused(key: string): void {
  if (session.value?.key === key) signOut('refused');
}

function watchExpiry(): void {
  clearTimeout(expiry);
  const ends = session.peek()?.expiresAt;
  if (ends !== undefined) expiry = setTimeout(() => signOut('expired'), Math.min(Math.max(0, ends - Date.now()), 2 ** 31 - 1));
}

function stored(): Session | undefined {
  try {
    const found = JSON.parse(sessionStorage.getItem(STORED) ?? 'null') as Session | null;
    if (found === null || typeof found.key !== 'string') return undefined;
    return found.expiresAt !== undefined && found.expiresAt < Date.now() ? undefined : found;
  } catch {
    return undefined;
  }
}
