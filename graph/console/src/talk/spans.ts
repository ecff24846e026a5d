import type { Mark, Span } from '@/ui/Waterfall';
import type { words } from '@/words';
import type { Turn } from './conversation';

type Text = typeof words.value.talk;

const KINDS = { ASR: 'asr', LLM: 'llm', TOOL: 'tool', TTS: 'tts' } as const;

/** The spans of a turn from its queueing on. `serverNow`: for those that still run. */
export function spansOf(turn: Turn, serverNow: number, text: Text): Span[] {
  const end = turn.endedAt ?? serverNow;
  const queue: Span = {
    key: 'queue',
    label: text.stages.queue,
    kind: 'queue',
    startMs: 0,
    durationMs: Math.max(0, (turn.startedAt ?? end) - turn.queuedAt),
    isOpen: turn.startedAt === undefined && turn.endedAt === undefined,
  };
  // Once the turn has ended the server's own measurement is exact; before, the times of the events are.
  const measured = turn.ended?.timing.stages ?? [];
  const runs = new Map<string, number>();
  const stages = turn.stages.map((run, index): Span => {
    const nth = runs.get(run.stage) ?? 0;
    runs.set(run.stage, nth + 1);
    const exact = turn.endedAt === undefined ? undefined : measured.filter((each) => each.stage === run.stage)[nth];
    const isOpen = run.endedAt === undefined && turn.endedAt === undefined;
    return {
      key: `${run.stage}-${index}`,
      label: text.stages[run.stage],
      kind: KINDS[run.stage],
      startMs: exact?.startMs ?? Math.max(0, run.startedAt - turn.queuedAt),
      durationMs: exact?.durationMs ?? Math.max(0, (run.endedAt ?? end) - run.startedAt),
      isOpen,
      isFailed: run.fault !== undefined,
    };
  });
  return [queue, ...stages];
}

/** When the first text and the first sound of the reply were there. */
export function marksOf(turn: Turn, text: Text): Mark[] {
  const { firstTextMs, firstAudioMs } = turn.ended?.timing ?? {};
  const marks: Mark[] = [];
  if (typeof firstTextMs === 'number') marks.push({ label: text.firstText, atMs: firstTextMs });
  if (typeof firstAudioMs === 'number') marks.push({ label: text.firstAudio, atMs: firstAudioMs });
  return marks;
}
