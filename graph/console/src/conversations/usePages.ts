import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { request } from '@/api/client';
import { type ApiError, asApiError } from '@/api/errors';
import { type SessionFilter, SessionList, type SessionRowFragment } from './list.generated';

const PAGE = 50;

interface Pages {
  rows: readonly SessionRowFragment[];
  /** Where the next page begins; null after the last one. */
  cursor: string | null;
  hasMore: boolean;
  isLoading: boolean;
  error: ApiError | undefined;
}

const NONE: Pages = { rows: [], cursor: null, hasMore: false, isLoading: true, error: undefined };

/** The sessions that match, page by page. Another filter begins again; a newer request ends the one before it. */
export function usePages(filter: SessionFilter) {
  const [pages, setPages] = useState<Pages>(NONE);
  const [round, setRound] = useState(0);
  const controller = useRef<AbortController>(undefined);
  const fingerprint = JSON.stringify(filter);

  const load = useCallback(
    (before: Pages) => {
      controller.current?.abort();
      const own = (controller.current = new AbortController());
      setPages({ ...before, isLoading: true, error: undefined });
      request(SessionList, { first: PAGE, after: before.cursor, filter }, { signal: own.signal }).then(
        ({ sessions: { nodes, pageInfo } }) => {
          // A session that began meanwhile moves the others: none is shown twice.
          const known = new Set(before.rows.map((row) => row.id));
          setPages({
            rows: [...before.rows, ...nodes.filter((row) => !known.has(row.id))],
            cursor: pageInfo.endCursor,
            hasMore: pageInfo.hasNextPage,
            isLoading: false,
            error: undefined,
          });
        },
        (error: unknown) => {
          if (own.signal.aborted) return;
          setPages({ ...before, isLoading: false, error: asApiError(error) });
        },
      );
    },
    [fingerprint],
  );
  useEffect(() => {
    load(NONE);
    return () => controller.current?.abort();
  }, [load, round]);
  const more = () => {
    if (pages.hasMore && !pages.isLoading && pages.error === undefined) load(pages);
  };
  return { ...pages, more, retry: () => load(pages), reload: () => setRound((before) => before + 1) };
}
