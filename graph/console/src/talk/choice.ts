import { signal } from '@preact/signals';
import { pageLanguage } from '@/state/preferences';
import type { Choice } from './store';
import type { TalkOptionsQuery } from './talk.generated';

export interface Agent {
  name: string;
  description: string;
  languages: readonly string[];
  isArchived: boolean;
  /** The number of its newest draft, if no version of it was published. */
  draft: number | undefined;
}

/** The first agents by name, and the one that was asked for, which may be none of these. */
export function agentsOf({ agents, asked }: TalkOptionsQuery): Agent[] {
  const others = agents.nodes.filter((each) => each.name !== asked?.name);
  return [...others, ...(asked === null ? [] : [{ ...asked, languages: asked.version.languages }])]
    .map(({ name, description, languages, archivedAt, currentVersion }) => ({
      name,
      description,
      languages,
      isArchived: archivedAt !== null,
      draft: currentVersion.draft ? currentVersion.number : undefined,
    }))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** No conversation can be begun with an archived one. */
export const canTalk = (agent: Agent): boolean => !agent.isArchived;

/** The language is recognised from what is said. */
export const ANY = 'auto';

export const choice = signal<Choice>({ agent: '', language: '' });

/**
 * A choice that can be made: of these agents, in a language that the agent speaks. Of several, one that was published is
 * taken rather than a draft.
 */
export function possible(wanted: Partial<Choice>, agents: readonly Agent[]): Choice {
  const open = agents.filter(canTalk);
  const agent = open.find((each) => each.name === wanted.agent) ?? open.find((each) => each.draft === undefined) ?? open[0];
  const languages = agent?.languages ?? [];
  const isSpoken = wanted.language === ANY || languages.includes(wanted.language ?? '');
  const own = languages.includes(pageLanguage.value) ? pageLanguage.value : (languages[0] ?? ANY);
  return {
    agent: agent?.name ?? '',
    language: isSpoken ? (wanted.language as string) : own,
    version: (agent?.name === wanted.agent ? wanted.version : undefined) ?? agent?.draft,
  };
}
