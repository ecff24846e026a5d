import { useState } from 'preact/hooks';
import { request } from '@/api/client';
import { type ApiError, asApiError } from '@/api/errors';
import { signOut } from '@/state/session';
import { Button } from '@/ui/Button';
import { Dialog } from '@/ui/Dialog';
import { ErrorNotice } from '@/ui/ErrorNotice';
import { words } from '@/words';
import type { Key } from './KeyTable';
import { RevokeKey as Revoke } from './keys.generated';

export interface RevokeKeyProps {
  revoked: Key;
  onRevoked: () => void;
  onClose: () => void;
}

/** Asks before a key is revoked: that cannot be undone. */
export function RevokeKey({ revoked, onRevoked, onClose }: RevokeKeyProps) {
  const { keys, common } = words.value;
  const [error, setError] = useState<ApiError | undefined>();
  const [isBusy, setBusy] = useState(false);

  async function revoke() {
    setBusy(true);
    setError(undefined);
    try {
      const answer = await request(Revoke, { input: { id: revoked.id } });
      if (answer.revokeApiKey?.signedOut) return signOut('refused');
      onRevoked();
      onClose();
    } catch (failure) {
      setError(asApiError(failure));
      setBusy(false);
    }
  }

  return (
    <Dialog
      heading={keys.revokeNamed(revoked.name)}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{common.cancel}</Button>
          <Button kind="danger" isBusy={isBusy} onClick={() => void revoke()}>
            {keys.revoke}
          </Button>
        </>
      }
    >
      <p>{revoked.current ? keys.revokeOwn : keys.revokeWarning}</p>
      {error && <ErrorNotice error={error} />}
    </Dialog>
  );
}
