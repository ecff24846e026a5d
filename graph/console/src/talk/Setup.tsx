import { useEffect } from 'preact/hooks';
import { keep, kept } from '@/state/preferences';
import { pathTo, place } from '@/state/router';
import { EmptyState } from '@/ui/EmptyState';
import { formatNumber } from '@/ui/format';
import { Link } from '@/ui/Link';
import { Select } from '@/ui/Select';
import { words } from '@/words';
import { languageName } from '@/words/named';
import { type Agent, ANY, canTalk, choice, possible } from './choice';

export interface SetupProps {
  agents: readonly Agent[];
  /** What the address asks for and is not there: an agent, or a version of it. */
  isMissing: boolean;
}

/** Which agent, in which language. `?agent=…&version=…` in the address chooses one, as the view Agents does. */
export function Setup({ agents, isMissing }: SetupProps) {
  const text = words.value.talk;
  const { query } = place.value;
  const [asked, version] = [query.get('agent'), Number(query.get('version')) || undefined];
  useEffect(() => {
    const wanted = { agent: asked ?? kept('agent') ?? '', language: kept('talk-language') ?? '', version };
    choice.value = possible(wanted, agents);
  }, [agents, asked, version]);
  const chosen = choice.value;
  const agent = agents.find((each) => each.name === chosen.agent);
  const isArchived = agents.some((each) => each.name === asked && each.isArchived);
  const choose = (wanted: Partial<typeof chosen>) => {
    choice.value = possible({ ...chosen, ...wanted }, agents);
    keep('agent', choice.value.agent);
    keep('talk-language', choice.value.language);
  };
  if (!agents.some(canTalk)) {
    return (
      <EmptyState icon="agents" heading={text.noAgents}>
        <Link to={pathTo('agents')}>{text.noAgentsHelp}</Link>
      </EmptyState>
    );
  }
  return (
    <section class="setup card" aria-label={text.intro}>
      <p class="setup-intro">{text.intro}</p>
      {asked !== null && (isMissing || isArchived) && (
        <p class="notice notice-line" role="status">
          <span class="notice-words">
            {isMissing ? text.missing(asked) : text.isArchived(asked)}
          </span>
          <Link to={pathTo('agents')}>{text.toAgents}</Link>
        </p>
      )}
      <Select
        label={text.agent}
        value={chosen.agent}
        options={agents.map((each) => ({
          value: each.name,
          label: each.isArchived ? text.archived(each.name) : each.draft ? text.draft(each.name) : each.name,
          isDisabled: !canTalk(each),
        }))}
        onChange={(name) => choose({ agent: name, version: undefined })}
        help={[agent?.description, chosen.version && text.withVersion(formatNumber(chosen.version))].filter(Boolean).join(' ')}
      />
      <Select
        label={text.language}
        value={chosen.language}
        options={[
          ...(agent?.languages ?? []).map((code) => ({ value: code, label: languageName(code) })),
          { value: ANY, label: text.anyLanguage },
        ]}
        onChange={(language) => choose({ language })}
      />
    </section>
  );
}
