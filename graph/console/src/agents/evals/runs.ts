import { type Signal, signal } from '@preact/signals';
import { type ApiError, asApiError } from '@/api/errors';
import { session } from '@/state/session';
import { canPlay, type EvalConversation, type Miss, play, type Unjudged } from './play';

/** What came of a conversation with one version. */
export interface Result {
  state: 'waiting' | 'playing' | 'right' | 'wrong' | 'failed' | 'stopped' | 'skipped';
  sessionId?: string;
  misses?: readonly Miss[];
  unjudged?: readonly Unjudged[];
  error?: ApiError;
}

export interface Run {
  conversations: readonly EvalConversation[];
  versions: readonly number[];
  /** By version (as in `versions`), then by conversation. */
  results: readonly (readonly Result[])[];
  isRunning: boolean;
}

/** Conversations that are played at a time. */
const AT_A_TIME = 3;

// Of this page: a run goes on while another view is shown.
const runs = new Map<string, { run: Signal<Run | undefined>; stop: () => void }>();

function entryOf(name: string) {
  const key = `${session.peek()?.tenant ?? ''}/${name}`;
  let entry = runs.get(key);
  if (entry === undefined) {
    entry = { run: signal<Run | undefined>(undefined), stop: () => undefined };
    runs.set(key, entry);
  }
  return entry;
}

/** The newest run of an agent's evals. */
export const runOf = (name: string): Signal<Run | undefined> => entryOf(name).run;

export const stopRun = (name: string): void => entryOf(name).stop();

/** Plays all conversations with each version of an agent. */
export async function startRun(name: string, versions: readonly number[], conversations: readonly EvalConversation[]): Promise<void> {
  const entry = entryOf(name);
  entry.stop();
  const controller = new AbortController();
  const run = entry.run;
  run.value = {
    conversations,
    versions,
    results: versions.map(() => conversations.map((each) => ({ state: canPlay(each) ? 'waiting' : 'skipped' }))),
    isRunning: true,
  };
  // A run that was stopped writes nothing more, as another one may have begun.
  const put = (version: number, index: number, changed: Partial<Result>) => {
    if (controller.signal.aborted || run.value === undefined) return;
    const results = run.value.results.map((row, at) =>
      at !== version ? row : row.map((each, place) => (place === index ? { ...each, ...changed } : each)),
    );
    run.value = { ...run.value, results };
  };
  entry.stop = () => {
    if (controller.signal.aborted || !run.value?.isRunning) return;
    controller.abort();
    const stopped = (each: Result): Result =>
      each.state === 'waiting' || each.state === 'playing' ? { ...each, state: 'stopped' } : each;
    run.value = { ...run.value, isRunning: false, results: run.value.results.map((row) => row.map(stopped)) };
  };
  const work = conversations.flatMap((conversation, index) =>
    canPlay(conversation) ? versions.map((number, version) => ({ conversation, index, number, version })) : [],
  );
  const worker = async () => {
    for (let next = work.shift(); next !== undefined && !controller.signal.aborted; next = work.shift()) {
      const { conversation, index, number, version } = next;
      put(version, index, { state: 'playing' });
      try {
        const played = await play(conversation, { name, version: number }, controller.signal, (sessionId) =>
          put(version, index, { sessionId }),
        );
        put(version, index, { state: played.misses.length === 0 ? 'right' : 'wrong', misses: played.misses, unjudged: played.unjudged });
      } catch (error) {
        put(version, index, { state: 'failed', error: asApiError(error) });
      }
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  if (!controller.signal.aborted && run.value !== undefined) run.value = { ...run.value, isRunning: false };
}
