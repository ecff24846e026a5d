import { useRef, useState } from 'preact/hooks';
import { request } from '@/api/client';
import { ApiError, asApiError } from '@/api/errors';
import { navigate, pathTo } from '@/state/router';
import { Button } from '@/ui/Button';
import { Dialog } from '@/ui/Dialog';
import { ErrorNotice } from '@/ui/ErrorNotice';
import { formatNumber } from '@/ui/format';
import { words } from '@/words';
import { RunAgain } from './conversation.generated';
import { MOST_COPIED, type WayOn } from './goOn';

export interface GoOnDialogProps {
  id: string;
  /** How it is gone on with; `open` needs no dialog. */
  way: Exclude<WayOn, 'open'>;
  total: number;
  onClose: () => void;
}

/** Goes on with a conversation that has ended in a new one, in Talk; or says why that cannot be. */
export function GoOnDialog({ id, way, total, onClose }: GoOnDialogProps) {
  const text = words.value.conversations;
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  // A click that is sent twice makes one conversation.
  const key = useRef(crypto.randomUUID());
  const start = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const input = { sessionId: id, afterTurn: total, replay: 0, externalTools: false, idempotencyKey: key.current };
      const { forkSession } = await request(RunAgain, { input });
      if (forkSession === null) throw new ApiError('BAD_RESPONSE', 'No session.');
      navigate(pathTo('talk', undefined, { session: forkSession.session.id }));
    } catch (thrown) {
      setError(asApiError(thrown));
      setBusy(false);
    }
  };
  return (
    <Dialog
      heading={text.talkOn}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{way === 'fork' ? words.value.common.cancel : words.value.common.close}</Button>
          {way === 'fork' && (
            <Button kind="primary" isBusy={isBusy} onClick={() => void start()}>
              {text.goOn}
            </Button>
          )}
        </>
      }
    >
      <p class="dialog-help">
        {way === 'fork' ? text.goOnHelp(text.turns(total, formatNumber(total))) : text.cannotGoOn[way](formatNumber(MOST_COPIED))}
      </p>
      {error && <ErrorNotice error={error} />}
    </Dialog>
  );
}
