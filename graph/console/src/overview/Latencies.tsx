import { Duration } from '@/ui/Duration';
import { EmptyState } from '@/ui/EmptyState';
import { formatNumber } from '@/ui/format';
import { Table } from '@/ui/Table';
import { words } from '@/words';
import type { OverviewQuery, PercentilesFragment } from './overview.generated';
import { Section } from './Section';

interface Row {
  key: string;
  label: string;
  /** The class of its colour. */
  fill: string;
  latency: PercentilesFragment;
}

export interface LatenciesProps {
  stages: OverviewQuery['overview']['stageLatencies'];
  turns: OverviewQuery['overview']['turnLatency'];
}

const WIDTH = 1000;

/** Percentiles of latency: of whole turns, of the first sound, and of each stage. */
export function Latencies({ stages, turns }: LatenciesProps) {
  const text = words.value.overview;
  const rows: Row[] = [
    { key: 'first', label: text.firstSound, fill: 'fill-play', latency: turns.firstSound },
    ...stages.map(({ stage, latency }) => ({
      key: stage,
      label: words.value.talk.stages[stage],
      fill: `fill-${stage.toLowerCase()}`,
      latency,
    })),
    { key: 'total', label: text.total, fill: 'fill-queue', latency: turns.total },
  ].filter((row) => row.latency.count > 0);
  const longest = Math.max(1, ...rows.map((row) => row.latency.p99Ms ?? 0));
  if (rows.length === 0) {
    return (
      <Section heading={text.latency}>
        <EmptyState icon="overview" heading={text.noTurns}>
          {text.noTurnsHelp}
        </EmptyState>
      </Section>
    );
  }
  return (
    <Section heading={text.latency}>
      <div class="latency-chart" aria-hidden="true">
        {rows.map((row) => (
          <div key={row.key} class="latency-row">
            <span>{row.label}</span>
            <Bars row={row} longest={longest} />
          </div>
        ))}
      </div>
      <p class="chart-help">{text.latencyHelp}</p>
      <Table
        caption={text.latency}
        rows={rows}
        keyOf={(row) => row.key}
        columns={[
          { heading: text.stage, cell: (row) => row.label },
          { heading: text.count, cell: (row) => formatNumber(row.latency.count), isNumber: true },
          { heading: text.median, cell: (row) => <Duration ms={row.latency.p50Ms} />, isNumber: true },
          { heading: text.p90, cell: (row) => <Duration ms={row.latency.p90Ms} />, isNumber: true },
          { heading: text.p99, cell: (row) => <Duration ms={row.latency.p99Ms} />, isNumber: true },
        ]}
      />
    </Section>
  );
}

/** The 99th percentile faint, the 90th over it, the median full. */
function Bars({ row, longest }: { row: Row; longest: number }) {
  const { p50Ms, p90Ms, p99Ms } = row.latency;
  const width = (ms: number | null) => Math.max(3, ((ms ?? 0) / longest) * WIDTH);
  return (
    <svg viewBox={`0 0 ${WIDTH} 12`} preserveAspectRatio="none">
      <rect class="latency-track" width={WIDTH} height="12" />
      <rect class={row.fill} opacity="0.25" width={width(p99Ms)} height="12" />
      <rect class={row.fill} opacity="0.5" width={width(p90Ms)} height="12" />
      <rect class={row.fill} width={width(p50Ms)} height="12" />
    </svg>
  );
}
