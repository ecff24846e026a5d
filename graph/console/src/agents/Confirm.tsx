import { useState } from 'preact/hooks';
import { type ApiError, asApiError } from '@/api/errors';
import { Button } from '@/ui/Button';
import { Dialog } from '@/ui/Dialog';
import { ErrorNotice } from '@/ui/ErrorNotice';
import { words } from '@/words';

export interface ConfirmProps {
  heading: string;
  question: string;
  /** The word on the button that does it. */
  button: string;
  isDanger?: boolean;
  /** Closes when it has succeeded; its error is shown. */
  work: () => Promise<void>;
  onClose: () => void;
}

/** Asks before something is done, and shows why it could not be done. */
export function Confirm({ heading, question, button, isDanger = false, work, onClose }: ConfirmProps) {
  const [error, setError] = useState<ApiError | undefined>();
  const [isBusy, setBusy] = useState(false);

  async function go() {
    setBusy(true);
    setError(undefined);
    try {
      await work();
      onClose();
    } catch (failure) {
      setError(asApiError(failure));
      setBusy(false);
    }
  }

  return (
    <Dialog
      heading={heading}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{words.value.common.cancel}</Button>
          <Button kind={isDanger ? 'danger' : 'primary'} isBusy={isBusy} onClick={() => void go()}>
            {button}
          </Button>
        </>
      }
    >
      <p>{question}</p>
      {error && <ErrorNotice error={error} />}
    </Dialog>
  );
}
