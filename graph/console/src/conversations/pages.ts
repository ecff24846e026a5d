import type { ApiError } from '@/api/errors';
import type { SessionListQuery, SessionRowFragment } from './list.generated';

type Answer = SessionListQuery['sessions'];

/** The sessions that were read, newest first. */
export interface Pages {
  rows: readonly SessionRowFragment[];
  /** Where the next page begins; null after the last one. */
  cursor: string | null;
  hasMore: boolean;
  isLoading: boolean;
  error: ApiError | undefined;
}

export const NONE: Pages = { rows: [], cursor: null, hasMore: false, isLoading: true, error: undefined };

const onlyOf = (rows: readonly SessionRowFragment[], { pageInfo }: Answer): Pages => ({
  rows,
  cursor: pageInfo.endCursor,
  hasMore: pageInfo.hasNextPage,
  isLoading: false,
  error: undefined,
});

/** With the page that follows. A session that began meanwhile moves the others: none is there twice. */
export function followedBy(before: Pages, answer: Answer): Pages {
  const known = new Set(before.rows.map((row) => row.id));
  return onlyOf([...before.rows, ...answer.nodes.filter((row) => !known.has(row.id))], answer);
}

/** With their beginning read again: new ones before the others, those that do not match any more gone. */
export function freshened(before: Pages, answer: Answer): Pages {
  const oldest = answer.nodes.at(-1)?.id;
  const fresh = new Set(answer.nodes.map((row) => row.id));
  // Ids are UUIDs of version 7, by which the list is sorted.
  const older = oldest === undefined || !answer.pageInfo.hasNextPage ? [] : before.rows.filter((row) => row.id < oldest);
  // Without one that was known, others may stand between what was read now and before.
  const isGap = !before.rows.some((row) => fresh.has(row.id));
  if (older.length === 0 || isGap) return onlyOf(answer.nodes, answer);
  return { ...before, rows: [...answer.nodes, ...older] };
}
