import { computed } from '@preact/signals';
import type { Tone } from '@/ui/StatusDot';
import { call, opening, unfinished } from './store';

export type TalkState = 'opening' | 'connecting' | 'listening' | 'caller' | 'thinking' | 'assistant' | 'ended' | 'muted';

/** Who has the word. */
export const talkState = computed<TalkState>(() => {
  const live = call.value;
  if (live === undefined) {
    if (opening.value === 'call') return 'opening';
    return unfinished.value === undefined ? 'ended' : 'thinking';
  }
  if (live.connection.value.state !== 'connected') return 'connecting';
  if (live.isCallerSpeaking.value) return 'caller';
  if (live.isAssistantSpeaking.value) return 'assistant';
  if (unfinished.value !== undefined) return 'thinking';
  return live.isMuted.value ? 'muted' : 'listening';
});

export const TONES: Readonly<Record<TalkState, Tone>> = {
  opening: 'quiet',
  connecting: 'busy',
  listening: 'good',
  caller: 'caller',
  thinking: 'busy',
  assistant: 'assistant',
  ended: 'quiet',
  muted: 'quiet',
};
