import { useState } from 'preact/hooks';
import { useQuery } from '@/api/useQuery';
import { Button } from '@/ui/Button';
import { EmptyState } from '@/ui/EmptyState';
import { ErrorNotice } from '@/ui/ErrorNotice';
import { formatNumber } from '@/ui/format';
import { Loading } from '@/ui/Loading';
import { Page } from '@/ui/Page';
import { words } from '@/words';
import { CreateKey } from './CreateKey';
import { type Key, KeyTable } from './KeyTable';
import { Keys } from './keys.generated';
import { RevokeKey } from './RevokeKey';

/** The tenant's API keys: made, shown once, revoked. */
export function View() {
  const { keys } = words.value;
  // Cursors of the pages before this one; the last is this one's.
  const [cursors, setCursors] = useState<readonly (string | null)[]>([null]);
  // Each sign-in by a link leaves a key that expires.
  const [isAll, setAll] = useState(false);
  const { data, error, isLoading, reload } = useQuery(Keys, { after: cursors.at(-1) ?? null, usable: isAll ? null : true });
  const [isCreating, setCreating] = useState(false);
  const [revoking, setRevoking] = useState<Key | undefined>();
  const found = data?.apiKeys;
  const end = found?.pageInfo.hasNextPage ? found.pageInfo.endCursor : undefined;
  return (
    <Page
      heading={keys.heading}
      actions={
        <Button kind="primary" icon="keys" onClick={() => setCreating(true)}>
          {keys.create}
        </Button>
      }
    >
      <p class="lead">{keys.intro}</p>
      <label class="check">
        <input
          type="checkbox"
          checked={isAll}
          onChange={(event) => {
            setAll(event.currentTarget.checked);
            setCursors([null]);
          }}
        />
        {keys.showAll}
      </label>
      {error && <ErrorNotice error={error} onRetry={reload} />}
      {isLoading && !found && <Loading />}
      {found?.nodes.length === 0 && <EmptyState icon="keys" heading={keys.empty} />}
      {found && found.nodes.length > 0 && (
        <div class="card">
          <KeyTable keys={found.nodes} onRevoke={setRevoking} />
        </div>
      )}
      {found && (end || cursors.length > 1) && (
        <nav class="pager" aria-label={keys.pages}>
          <Button disabled={cursors.length === 1} onClick={() => setCursors(cursors.slice(0, -1))}>
            {keys.newer}
          </Button>
          <span>{keys.total(formatNumber(found.totalCount))}</span>
          <Button disabled={!end} onClick={() => setCursors([...cursors, end ?? null])}>
            {keys.older}
          </Button>
        </nav>
      )}
      {isCreating && <CreateKey onCreated={reload} onClose={() => setCreating(false)} />}
      {revoking && <RevokeKey revoked={revoking} onRevoked={reload} onClose={() => setRevoking(undefined)} />}
    </Page>
  );
}
