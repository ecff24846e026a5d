import { navigate, pathTo, place } from '@/state/router';
import { Button } from '@/ui/Button';
import { EmptyState } from '@/ui/EmptyState';
import { ErrorNotice } from '@/ui/ErrorNotice';
import { Link } from '@/ui/Link';
import { Loading } from '@/ui/Loading';
import { Page } from '@/ui/Page';
import { VirtualList } from '@/ui/VirtualList';
import { words } from '@/words';
import { FilterBar } from './FilterBar';
import { addressOf, conditionsOf, filtersOf, isFiltered } from './filters';
import { SessionRow } from './SessionRow';
import { usePages } from './usePages';

const ROW_PX = 76;

/** The tenant's conversations; what is shown stands in the address. */
export function ListView() {
  const text = words.value.conversations;
  const filters = filtersOf(place.value.query);
  const pages = usePages(conditionsOf(filters));
  const { rows, isLoading, error } = pages;
  return (
    <Page
      heading={text.heading}
      actions={
        <Button kind="quiet" onClick={pages.reload}>
          {text.refresh}
        </Button>
      }
    >
      <FilterBar filters={filters} onChange={(changed) => navigate(addressOf(changed), { replace: true })} />
      {error && <ErrorNotice error={error} onRetry={pages.retry} />}
      {rows.length === 0 && isLoading && <Loading />}
      {rows.length === 0 && !isLoading && !error && <Nothing isFiltered={isFiltered(filters)} />}
      {rows.length > 0 && (
        <div class="sessions card" aria-busy={isLoading ? 'true' : undefined}>
          <VirtualList
            label={text.list}
            items={rows}
            keyOf={(row) => row.id}
            estimate={ROW_PX}
            onEnd={pages.more}
            draw={(row) => <SessionRow row={row} />}
          />
        </div>
      )}
      <p class="visually-hidden" role="status">
        {rows.length > 0 && isLoading ? text.loadMore : ''}
      </p>
    </Page>
  );
}

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  const text = words.value.conversations;
  if (isFiltered) {
    return (
      <EmptyState icon="search" heading={text.nothing}>
        {text.nothingHelp}
      </EmptyState>
    );
  }
  return (
    <EmptyState icon="conversations" heading={text.empty}>
      <p>{text.emptyHelp}</p>
      <Link to={pathTo('talk')}>{text.emptyLink}</Link>
    </EmptyState>
  );
}
