import { useState } from 'preact/hooks';
import { useQuery } from '@/api/useQuery';
import { navigate, pathTo } from '@/state/router';
import { Button } from '@/ui/Button';
import { EmptyState } from '@/ui/EmptyState';
import { ErrorNotice } from '@/ui/ErrorNotice';
import { formatNumber } from '@/ui/format';
import { Link } from '@/ui/Link';
import { Loading } from '@/ui/Loading';
import { Page } from '@/ui/Page';
import { type Column, Table } from '@/ui/Table';
import { Time } from '@/ui/Time';
import { words } from '@/words';
import { languageName } from '@/words/named';
import { AgentList as Agents, type AgentListQuery } from './agents.generated';

type Agent = AgentListQuery['agents']['nodes'][number];

/** The tenant's agents by name; those that are archived on demand. */
export function AgentList() {
  const text = words.value.agents;
  const [archived, setArchived] = useState(false);
  // Cursors of the pages before this one; the last is this one's.
  const [cursors, setCursors] = useState<readonly (string | null)[]>([null]);
  const { data, error, isLoading, reload } = useQuery(Agents, { after: cursors.at(-1) ?? null, archived });
  const found = data?.agents;
  const end = found?.pageInfo.hasNextPage ? found.pageInfo.endCursor : undefined;
  return (
    <Page
      heading={text.heading}
      actions={
        <Button kind="primary" icon="agents" onClick={() => navigate(pathTo('agents', undefined, { new: 'yes' }))}>
          {text.create}
        </Button>
      }
    >
      <p class="lead">{text.intro}</p>
      <label class="check">
        <input
          type="checkbox"
          checked={archived}
          onChange={(event) => {
            setArchived(event.currentTarget.checked);
            setCursors([null]);
          }}
        />
        {text.withArchived}
      </label>
      {error && <ErrorNotice error={error} onRetry={reload} />}
      {isLoading && !found && <Loading />}
      {found?.nodes.length === 0 && (
        <EmptyState icon="agents" heading={text.empty}>
          {text.emptyHelp}
        </EmptyState>
      )}
      {found && found.nodes.length > 0 && (
        <div class="card">
          <Table caption={text.heading} columns={columns()} rows={found.nodes} keyOf={(agent) => agent.name} />
        </div>
      )}
      {found && (end || cursors.length > 1) && (
        <nav class="pager" aria-label={text.pages}>
          <Button disabled={cursors.length === 1} onClick={() => setCursors(cursors.slice(0, -1))}>
            {text.before}
          </Button>
          <span>{text.total(formatNumber(found.totalCount))}</span>
          <Button disabled={!end} onClick={() => setCursors([...cursors, end ?? null])}>
            {text.after}
          </Button>
        </nav>
      )}
    </Page>
  );
}

function columns(): Column<Agent>[] {
  const text = words.value.agents;
  return [
    {
      heading: text.name,
      cell: (agent) => (
        <>
          <Link to={pathTo('agents', agent.name)}>{agent.name}</Link>{' '}
          {agent.archivedAt !== null && <span class="tag tag-quiet">{text.archived}</span>}
          {agent.currentVersion.draft && <span class="tag">{text.states.draft}</span>}
        </>
      ),
    },
    { heading: text.description, cell: (agent) => <bdi>{agent.description}</bdi>, isMinor: true },
    { heading: text.languages, cell: (agent) => agent.languages.map(languageName).join(', '), isMinor: true },
    { heading: text.version, cell: (agent) => formatNumber(agent.currentVersion.number), isNumber: true },
    { heading: text.changed, cell: (agent) => <Time at={agent.currentVersion.publishedAt} />, isMinor: true },
  ];
}
