import type { Virtualizer } from '@tanstack/virtual-core';
import { useRef, useState } from 'preact/hooks';
import { navigate, pathTo, place } from '@/state/router';
import { Button } from '@/ui/Button';
import { EmptyState } from '@/ui/EmptyState';
import { ErrorNotice } from '@/ui/ErrorNotice';
import { formatNumber } from '@/ui/format';
import { Link } from '@/ui/Link';
import { Loading } from '@/ui/Loading';
import { Page } from '@/ui/Page';
import { VirtualList } from '@/ui/VirtualList';
import { words } from '@/words';
import { FilterBar } from './FilterBar';
import { addressOf, conditionsOf, filtersOf, isFiltered } from './filters';
import type { SessionRowFragment } from './list.generated';
import { SessionRow } from './SessionRow';
import { usePages } from './usePages';

const ROW_PX = 76;

/** The tenant's conversations; what is shown stands in the address. */
export function ListView() {
  const text = words.value.conversations;
  const filters = filtersOf(place.value.query);
  const pages = usePages(conditionsOf(filters));
  const { rows, isLoading, error } = pages;
  const handle = useRef<Virtualizer<HTMLElement, HTMLElement>>(null);
  const unseen = useUnseen(rows);
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
      <p class="sessions-stale" role="status">
        {pages.isStale && text.stale}
      </p>
      {rows.length === 0 && isLoading && <Loading />}
      {rows.length === 0 && !isLoading && !error && <Nothing isFiltered={isFiltered(filters)} />}
      {rows.length > 0 && (
        <div class="sessions card" aria-busy={isLoading ? 'true' : undefined}>
          <div class="sessions-new" role="status">
            {unseen.count > 0 && (
              <Button onClick={() => handle.current?.scrollToIndex(0)}>
                {text.newAbove(unseen.count, formatNumber(unseen.count))}
              </Button>
            )}
          </div>
          <VirtualList
            label={text.list}
            items={rows}
            keyOf={(row) => row.id}
            estimate={ROW_PX}
            growsAtTop
            onSeen={(first, last) => {
              pages.seen(last);
              unseen.seenFrom(first);
            }}
            onEnd={pages.more}
            handle={handle}
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

/** Sessions that came above what is in sight. */
function useUnseen(rows: readonly SessionRowFragment[]) {
  // Ids are in order of creation.
  const [newest, setNewest] = useState<string>();
  return {
    count: newest === undefined ? 0 : rows.filter((row) => row.id > newest).length,
    seenFrom: (index: number) => {
      const id = rows[index]?.id;
      if (id !== undefined) setNewest((before) => (before === undefined || id > before ? id : before));
    },
  };
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
