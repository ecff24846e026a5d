import { useEffect } from 'preact/hooks';
import { keep, kept } from '@/state/preferences';
import { pathTo, place } from '@/state/router';
import { EmptyState } from '@/ui/EmptyState';
import { Link } from '@/ui/Link';
import { Select } from '@/ui/Select';
import { words } from '@/words';
import { type Agent, ANY, choice, languageName, possible } from './choice';

/** Which agent, in which language. `?agent=…&version=…` in the address chooses one, as the view Agents does. */
export function Setup({ agents }: { agents: readonly Agent[] }) {
  const text = words.value.talk;
  const { query } = place.value;
  const [asked, version] = [query.get('agent'), Number(query.get('version')) || undefined];
  useEffect(() => {
    const wanted = { agent: asked ?? kept('agent') ?? '', language: kept('talk-language') ?? '', version };
    choice.value = possible(wanted, agents);
  }, [agents, asked, version]);
  const chosen = choice.value;
  const agent = agents.find((each) => each.name === chosen.agent);
  const choose = (wanted: Partial<typeof chosen>) => {
    choice.value = possible({ ...chosen, ...wanted }, agents);
    keep('agent', choice.value.agent);
    keep('talk-language', choice.value.language);
  };
  if (agents.length === 0) {
    return (
      <EmptyState icon="agents" heading={text.noAgents}>
        <Link to={pathTo('agents')}>{text.noAgentsHelp}</Link>
      </EmptyState>
    );
  }
  return (
    <section class="setup card" aria-label={text.intro}>
      <p class="setup-intro">{text.intro}</p>
      <Select
        label={text.agent}
        value={chosen.agent}
        options={agents.map(({ name }) => ({ value: name, label: name }))}
        onChange={(name) => choose({ agent: name, version: undefined })}
        help={agent?.description}
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
