import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { request } from '@/api/client';
import { asApiError } from '@/api/errors';
import { useWhileVisible } from '@/state/useWhileVisible';
import { type SessionFilter, SessionList } from './list.generated';
import { type Pages, followedBy, freshened, NONE } from './pages';

const PAGE = 50;

/** Pages that are read again at most: those down to what is in sight. */
const MOST_AGAIN = 4;

/** The list is read again this long after something in it changed, and ever later while nothing does. */
const SOON_MS = 4_000;
const LATEST_MS = 15_000;
const SLOWER = 1.5;

/** After this much trouble in a row it is told; the next attempts come later too. */
const TOLD_FAILURES = 2;
const FAILED_LATEST_MS = 120_000;

/**
 * The sessions that match, page by page, and kept up to date while the page is in sight. Another filter begins again; a
 * newer request ends the one before it.
 */
export function usePages(filter: SessionFilter) {
  const [pages, setPages] = useState<Pages>(NONE);
  const [round, setRound] = useState(0);
  const [failures, setFailures] = useState(0);
  const controller = useRef<AbortController>(undefined);
  const latest = useRef(pages);
  latest.current = pages;
  const lastSeen = useRef(0);
  const waitMs = useRef(SOON_MS);
  const fingerprint = JSON.stringify(filter);

  const read = async (after: string | null, signal: AbortSignal) =>
    (await request(SessionList, { first: PAGE, after, filter }, { signal })).sessions;
  const load = useCallback(
    async (before: Pages) => {
      controller.current?.abort();
      const own = (controller.current = new AbortController());
      setPages({ ...before, isLoading: true, error: undefined });
      try {
        setPages(followedBy(before, await read(before.cursor, own.signal)));
      } catch (thrown) {
        if (!own.signal.aborted) setPages({ ...before, isLoading: false, error: asApiError(thrown) });
      }
    },
    [fingerprint],
  );
  useEffect(() => {
    waitMs.current = SOON_MS;
    setFailures(0);
    void load(NONE);
    return () => controller.current?.abort();
  }, [load, round]);

  const refresh = async () => {
    const before = latest.current;
    if (before.isLoading || before.error !== undefined) return;
    const own = (controller.current = new AbortController());
    try {
      const wanted = Math.min(MOST_AGAIN, Math.ceil((lastSeen.current + 1) / PAGE));
      let fresh = await read(null, own.signal);
      for (let page = 1; page < wanted && fresh.pageInfo.hasNextPage; page += 1) {
        const next = await read(fresh.pageInfo.endCursor, own.signal);
        fresh = { nodes: [...fresh.nodes, ...next.nodes], pageInfo: next.pageInfo };
      }
      // A page that was loaded meanwhile aborts this.
      if (own.signal.aborted) return;
      const after = freshened(before, fresh);
      const isSame = JSON.stringify(after.rows) === JSON.stringify(before.rows);
      waitMs.current = isSame ? Math.min(LATEST_MS, waitMs.current * SLOWER) : SOON_MS;
      if (!isSame) setPages(after);
      setFailures(0);
    } catch (thrown) {
      if (own.signal.aborted) return;
      waitMs.current = Math.min(FAILED_LATEST_MS, Math.max(waitMs.current * 2, (asApiError(thrown).retryAfter ?? 0) * 1_000));
      setFailures((count) => count + 1);
    }
  };
  useWhileVisible(refresh, () => waitMs.current);

  return {
    ...pages,
    isStale: failures >= TOLD_FAILURES,
    more: () => {
      if (pages.hasMore && !pages.isLoading && pages.error === undefined) void load(pages);
    },
    seen: (last: number) => {
      lastSeen.current = last;
    },
    retry: () => void load(pages),
    reload: () => setRound((before) => before + 1),
  };
}
