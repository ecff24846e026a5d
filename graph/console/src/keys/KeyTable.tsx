import { Button } from '@/ui/Button';
import { PlainText } from '@/ui/PlainText';
import { StatusDot } from '@/ui/StatusDot';
import { Table } from '@/ui/Table';
import { Time } from '@/ui/Time';
import { words } from '@/words';
import type { KeysQuery } from './keys.generated';

export type Key = KeysQuery['apiKeys']['nodes'][number];

/** Whether requests with the key are refused: `revoked` by somebody, or `expired` by its time. */
export function stateOf(key: Key): 'valid' | 'revoked' | 'expired' {
  if (key.revokedAt) return 'revoked';
  return key.expiresAt && Date.parse(key.expiresAt) <= Date.now() ? 'expired' : 'valid';
}

export function KeyTable({ keys, onRevoke }: { keys: readonly Key[]; onRevoke: (key: Key) => void }) {
  const { keys: text } = words.value;
  return (
    <Table
      caption={text.heading}
      keyOf={(key) => key.id}
      rows={keys}
      columns={[
        {
          heading: text.name,
          cell: (key) => (
            <>
              <PlainText text={key.name} /> {key.current && <span class="tag">{text.current}</span>}
            </>
          ),
        },
        { heading: text.begins, cell: (key) => <code>{key.prefix}…</code>, isMinor: true },
        {
          heading: text.state,
          cell: (key) => <StatusDot tone={stateOf(key) === 'valid' ? 'good' : 'quiet'}>{text.states[stateOf(key)]}</StatusDot>,
        },
        { heading: text.created, cell: (key) => <Time at={key.createdAt} />, isMinor: true },
        { heading: text.expires, cell: (key) => (key.expiresAt ? <Time at={key.expiresAt} /> : text.never), isMinor: true },
        {
          heading: text.actions,
          cell: (key) =>
            stateOf(key) === 'valid' && (
              <Button kind="danger" aria-label={text.revokeNamed(key.name)} onClick={() => onRevoke(key)}>
                {text.revoke}
              </Button>
            ),
        },
      ]}
    />
  );
}
