import type { LogEvent } from './store';

/** What happens between turns: the call's beginning and end, and what the agent says unasked. */
export interface Moment {
  seq: number;
  at: string;
  kind: 'started' | 'dropped' | 'resumed' | 'ended' | 'prompt';
  /** What the agent says, or why the call ended. */
  text: string;
}

const KINDS = { CallStarted: 'started', CallDropped: 'dropped', CallResumed: 'resumed' } as const;

/** The moments after each turn, by its number; 0 for those before the first. `turn`: the last one before the log. */
export function momentsOf(log: readonly LogEvent[], turn = 0): ReadonlyMap<number, readonly Moment[]> {
  const moments = new Map<number, Moment[]>();
  const add = (moment: Moment) => moments.set(turn, [...(moments.get(turn) ?? []), moment]);
  for (const event of log) {
    const { seq, at } = event;
    switch (event.__typename) {
      case 'TurnQueued':
        turn = Math.max(turn, event.turn.number);
        break;
      case 'CallStarted':
      case 'CallDropped':
      case 'CallResumed':
        add({ seq, at, kind: KINDS[event.__typename], text: '' });
        break;
      case 'CallEnded':
        add({ seq, at, kind: 'ended', text: event.endReason });
        break;
      case 'CallPrompted':
        add({ seq, at, kind: 'prompt', text: event.text });
        break;
      default:
        break;
    }
  }
  return moments;
}
