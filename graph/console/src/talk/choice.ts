import { computed, signal } from '@preact/signals';
import { pageLanguage } from '@/state/preferences';
import type { Choice } from './store';
import type { TalkOptionsQuery } from './talk.generated';

export type Agent = TalkOptionsQuery['capabilities']['agents'][number];

/** The language is recognised from what is said. */
export const ANY = 'auto';

export const choice = signal<Choice>({ agent: '', language: '' });

const names = computed(() => new Intl.DisplayNames([pageLanguage.value], { type: 'language' }));

export function languageName(code: string): string {
  try {
    return names.value.of(code) ?? code;
  } catch {
    return code;
  }
}

/** A choice that can be made: of these agents, in a language that the agent speaks. */
export function possible(wanted: Partial<Choice>, agents: readonly Agent[]): Choice {
  const agent = agents.find((each) => each.name === wanted.agent) ?? agents[0];
  const languages = agent?.languages ?? [];
  const isSpoken = wanted.language === ANY || languages.includes(wanted.language ?? '');
  const own = languages.includes(pageLanguage.value) ? pageLanguage.value : (languages[0] ?? ANY);
  return {
    agent: agent?.name ?? '',
    language: isSpoken ? (wanted.language as string) : own,
    version: agent?.name === wanted.agent ? wanted.version : undefined,
  };
}
