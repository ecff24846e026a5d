import { EmptyState } from '@/ui/EmptyState';
import { formatNumber } from '@/ui/format';
import { StatusDot } from '@/ui/StatusDot';
import { Table } from '@/ui/Table';
import { Time } from '@/ui/Time';
import { words } from '@/words';
import type { OverviewQuery } from './overview.generated';
import { Section } from './Section';

/** The live workers with the models that they hold. */
export function Workers({ workers }: { workers: OverviewQuery['overview']['workers'] }) {
  const text = words.value.overview;
  const rows = workers.flatMap((worker, index) => worker.engines.map((engine) => ({ worker, engine, number: index + 1 })));
  return (
    <Section heading={text.workers}>
      {workers.length === 0 && (
        <EmptyState icon="tool" heading={text.noWorkers}>
          {text.noWorkersHelp}
        </EmptyState>
      )}
      {rows.length > 0 && (
        <Table
          caption={text.workers}
          rows={rows}
          keyOf={({ worker, engine }) => `${worker.id} ${engine.stage} ${engine.engine}`}
          columns={[
            {
              heading: text.worker,
              cell: ({ worker, number }) => text.workerNamed(formatNumber(number), text.roles[worker.role ?? 'WORKER']),
            },
            { heading: text.stage, cell: ({ engine }) => words.value.talk.stages[engine.stage] },
            { heading: text.engine, cell: ({ engine }) => engine.engine, isMinor: true },
            { heading: text.model, cell: ({ engine }) => <bdi>{engine.model}</bdi> },
            {
              heading: text.state,
              cell: ({ engine }) => (
                <>
                  <StatusDot tone={engine.error !== null ? 'bad' : engine.loaded ? 'good' : 'quiet'}>
                    {engine.error !== null ? text.failed : engine.loaded ? text.loaded : text.notLoaded}
                  </StatusDot>
                  {engine.error !== null && <bdi class="engine-error">{engine.error}</bdi>}
                </>
              ),
            },
            { heading: text.since, cell: ({ worker }) => <Time at={worker.startedAt} />, isMinor: true },
          ]}
        />
      )}
    </Section>
  );
}
