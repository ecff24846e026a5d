import type { Mark, Span } from '@/ui/Waterfall';
import { words } from '@/words';
import type { DetailFragment } from './conversation.generated';

const KINDS = { ASR: 'asr', LLM: 'llm', TOOL: 'tool', TTS: 'tts' } as const;

/** The stages of a turn as the server measured them. */
export function spansOf({ timing }: DetailFragment): Span[] {
  const { stages } = words.value.talk;
  const spans: Span[] = timing.stages.map((each, index) => ({
    key: `${each.stage}-${index}`,
    label: stages[each.stage],
    kind: KINDS[each.stage],
    startMs: each.startMs,
    durationMs: each.durationMs,
  }));
  if (timing.queueMs === null) return spans;
  return [{ key: 'queue', label: stages.queue, kind: 'queue', startMs: 0, durationMs: timing.queueMs }, ...spans];
}

export function marksOf({ timing }: DetailFragment): Mark[] {
  const { talk, conversations } = words.value;
  const marks: [string, number | null][] = [
    [conversations.firstWords, timing.firstWordsMs],
    [talk.firstText, timing.firstTextMs],
    [talk.firstAudio, timing.firstAudioMs],
  ];
  return marks.flatMap(([label, atMs]) => (atMs === null ? [] : [{ label, atMs }]));
}
