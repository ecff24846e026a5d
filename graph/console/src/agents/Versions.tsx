import { useState } from 'preact/hooks';
import { request } from '@/api/client';
import { ApiError } from '@/api/errors';
import { useQuery } from '@/api/useQuery';
import { pathTo } from '@/state/router';
import { Button } from '@/ui/Button';
import { ErrorNotice } from '@/ui/ErrorNotice';
import { formatNumber } from '@/ui/format';
import { Link } from '@/ui/Link';
import { Loading } from '@/ui/Loading';
import { Table } from '@/ui/Table';
import { Time } from '@/ui/Time';
import { words } from '@/words';
import { AgentDefinition, AgentVersions, PublishAgent } from './agents.generated';
import { Confirm } from './Confirm';

export interface VersionsProps {
  name: string;
  /** Number of the current version, 0 for none. */
  current: number;
  onPublished: (number: number) => void;
}

/** All versions, newest first: to look at, and to make current again. */
export function Versions({ name, current, onPublished }: VersionsProps) {
  const text = words.value.agents;
  const [cursors, setCursors] = useState<readonly (string | null)[]>([null]);
  const { data, error, isLoading, reload } = useQuery(AgentVersions, { name, after: cursors.at(-1) ?? null });
  const [asked, ask] = useState<{ number: number; draft: boolean } | undefined>();
  const found = data?.agent?.versions;
  const end = found?.pageInfo.hasNextPage ? found.pageInfo.endCursor : undefined;

  async function publish(number: number) {
    const { agent } = await request(AgentDefinition, { name, version: number });
    if (agent === null) throw new ApiError('AGENT_NOT_FOUND', text.notFound);
    await request(PublishAgent, { input: { definition: agent.version.definition, expectedVersion: current } });
    reload();
    onPublished(number);
  }

  return (
    <>
      {error && <ErrorNotice error={error} onRetry={reload} />}
      {isLoading && !found && <Loading />}
      {found && (
        <Table
          caption={text.versions}
          rows={found.nodes}
          keyOf={(version) => String(version.number)}
          columns={[
            {
              heading: text.version,
              cell: ({ number }) => (
                <Link
                  to={pathTo('agents', name, { version: number === current ? undefined : String(number) })}
                  aria-label={text.openVersion(formatNumber(number))}
                >
                  {formatNumber(number)}
                </Link>
              ),
            },
            {
              heading: text.state,
              cell: ({ number, draft }) => (
                <span class={number === current || draft ? 'tag' : 'tag tag-quiet'}>
                  {number === current ? text.states.current : draft ? text.states.draft : text.states.earlier}
                </span>
              ),
            },
            { heading: text.stored, cell: ({ publishedAt }) => <Time at={publishedAt} />, isMinor: true },
            {
              heading: text.by,
              cell: ({ builtin, publishedBy }) => <bdi>{builtin ? text.builtin : (publishedBy ?? '–')}</bdi>,
              isMinor: true,
            },
            {
              heading: text.actions,
              cell: ({ number, draft }) =>
                number !== current && (
                  <Button
                    aria-label={draft ? text.publishVersion(formatNumber(number)) : text.goBackTo(formatNumber(number))}
                    onClick={() => ask({ number, draft })}
                  >
                    {draft ? text.publish : text.goBack}
                  </Button>
                ),
            },
          ]}
        />
      )}
      {found && (end || cursors.length > 1) && (
        <nav class="pager" aria-label={text.versionPages}>
          <Button disabled={cursors.length === 1} onClick={() => setCursors(cursors.slice(0, -1))}>
            {text.newer}
          </Button>
          <Button disabled={!end} onClick={() => setCursors([...cursors, end ?? null])}>
            {text.older}
          </Button>
        </nav>
      )}
      {asked && (
        <Confirm
          heading={(asked.draft ? text.publishVersion : text.goBackTo)(formatNumber(asked.number))}
          question={text.publishMeans}
          button={asked.draft ? text.publish : text.goBack}
          work={() => publish(asked.number)}
          onClose={() => ask(undefined)}
        />
      )}
    </>
  );
}
