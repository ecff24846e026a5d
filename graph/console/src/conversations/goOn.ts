import type { Head, Line } from './store';

/** Most turns that a fork copies. */
export const MOST_COPIED = 200;

/**
 * How a conversation is gone on with in Talk: in itself (`open`), in a new one that begins with its turns (`fork`), or why
 * not at all.
 */
export type WayOn = 'open' | 'fork' | 'call' | 'unfinished' | 'tooLong' | 'empty';

export function wayOn(head: Pick<Head, 'status' | 'calls'>, total: number, last: Line | undefined): WayOn {
  if (head.calls.some((call) => call.status !== 'ENDED')) return 'call';
  if (head.status === 'OPEN') return 'open';
  if (total === 0) return 'empty';
  if (total > MOST_COPIED) return 'tooLong';
  return last?.status === 'QUEUED' || last?.status === 'RUNNING' ? 'unfinished' : 'fork';
}
