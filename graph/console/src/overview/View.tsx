import { useState } from 'preact/hooks';
import { useQuery } from '@/api/useQuery';
import { useWhileVisible } from '@/state/useWhileVisible';
import { ErrorNotice } from '@/ui/ErrorNotice';
import { Loading } from '@/ui/Loading';
import { Page } from '@/ui/Page';
import { Select } from '@/ui/Select';
import { words } from '@/words';
import { Errors } from './Errors';
import { Latencies } from './Latencies';
import { Now } from './Now';
import { Overview } from './overview.generated';
import { Usage } from './Usage';
import { Workers } from './Workers';

const DAYS = ['1', '7', '30', '92'] as const;
type Days = (typeof DAYS)[number];

const REFRESH_MS = 15_000;
/** This time of day, so many calendar days ago; daylight saving makes days of 23 and 25 hours. */
function begin(days: Days): string {
  const date = new Date();
  date.setDate(date.getDate() - Number(days));
  return date.toISOString();
}

/** What goes on now, and what calls and turns did in a period. Loaded again by itself while it is in sight. */
export function View() {
  const text = words.value.overview;
  const [days, choose] = useState<Days>('7');
  const [since, setSince] = useState(() => begin('7'));
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const { data, error, isLoading, reload } = useQuery(Overview, { since, timeZone });
  useWhileVisible(
    () => setSince(begin(days)),
    () => REFRESH_MS,
  );
  const found = data?.overview;
  return (
    <Page
      heading={text.heading}
      actions={
        <Select<Days>
          label={text.period}
          value={days}
          options={DAYS.map((each) => ({ value: each, label: text.periods[each] }))}
          onChange={(chosen) => {
            choose(chosen);
            setSince(begin(chosen));
          }}
        />
      }
    >
      {error && <ErrorNotice error={error} onRetry={reload} />}
      {isLoading && !found && <Loading />}
      {found && (
        <div class="overview">
          <Now now={found} />
          <Latencies stages={found.stageLatencies} turns={found.turnLatency} />
          <Usage days={found.days} timeZone={timeZone} />
          <Errors errors={found.errors} />
          <Workers workers={found.workers} />
        </div>
      )}
    </Page>
  );
}
