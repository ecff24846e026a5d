import { useState } from 'preact/hooks';
import { ApiError } from '@/api/errors';
import { useQuery } from '@/api/useQuery';
import { pathTo } from '@/state/router';
import { Button } from '@/ui/Button';
import { ErrorNotice } from '@/ui/ErrorNotice';
import { formatTime } from '@/ui/format';
import { Link } from '@/ui/Link';
import { Loading } from '@/ui/Loading';
import { Page } from '@/ui/Page';
import { words } from '@/words';
import { AgentToEdit } from './agents.generated';
import { ArchiveAgent } from './ArchiveAgent';
import { LazyWorkbench } from './LazyWorkbench';

/** One agent: its current version, or the one with a number, to be edited. */
export function AgentPage({ name, version }: { name: string; version: number | undefined }) {
  const text = words.value.agents;
  const { data, error, isLoading, reload } = useQuery(AgentToEdit, { name, version: version ?? null });
  const [isArchiving, setArchiving] = useState(false);
  const agent = data?.agent;
  const current = agent?.currentVersion;
  return (
    <Page
      heading={name}
      actions={
        agent?.archivedAt === null && (
          <Button kind="quiet" onClick={() => setArchiving(true)}>
            {text.archive}
          </Button>
        )
      }
    >
      <p>
        <Link to={pathTo('agents')}>{text.all}</Link>
      </p>
      {error && <ErrorNotice error={error} onRetry={reload} />}
      {isLoading && data === undefined && <Loading />}
      {agent === null && (
        <ErrorNotice
          error={
            version === undefined
              ? new ApiError('AGENT_NOT_FOUND', text.notFound)
              : new ApiError('NOT_FOUND', words.value.talk.missing(name))
          }
        />
      )}
      {agent && agent.archivedAt !== null && (
        <p class="notice">{text.archivedSince(formatTime(agent.archivedAt))}</p>
      )}
      {agent && current && (
        <LazyWorkbench
          name={name}
          published={current.draft ? undefined : current}
          opened={agent.version}
          isEarlier={version !== undefined && version !== current.number}
          isArchived={agent.archivedAt !== null}
          onChanged={reload}
        />
      )}
      {isArchiving && <ArchiveAgent name={name} onArchived={reload} onClose={() => setArchiving(false)} />}
    </Page>
  );
}
