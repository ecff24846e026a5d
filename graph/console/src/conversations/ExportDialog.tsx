import { useEffect, useRef, useState } from 'preact/hooks';
import { type ApiError, asApiError } from '@/api/errors';
import { Button } from '@/ui/Button';
import { Dialog } from '@/ui/Dialog';
import { ErrorNotice } from '@/ui/ErrorNotice';
import { formatNumber } from '@/ui/format';
import { words } from '@/words';
import { download, exportJson, exportWav } from './exporting';

type Format = 'json' | 'wav';

/** The conversation as a file. Closing the dialog ends the reading. */
export function ExportDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const text = words.value.conversations;
  const [busy, setBusy] = useState<Format>();
  const [told, setTold] = useState('');
  const [error, setError] = useState<ApiError>();
  const controller = useRef(new AbortController());
  useEffect(() => () => controller.current.abort(), []);
  const run = async (format: Format) => {
    const { signal } = controller.current;
    setBusy(format);
    setError(undefined);
    const onProgress = (done: number, all: number) => setTold(text.exporting(formatNumber(done), formatNumber(all)));
    try {
      const blob = await (format === 'json' ? exportJson : exportWav)(id, { signal, onProgress });
      if (blob) download(blob, `conversation-${id}.${format}`);
      setTold(blob ? text.exported : text.wavNothing);
    } catch (thrown) {
      if (signal.aborted) return;
      const failure = asApiError(thrown);
      setTold(failure.code === 'TOO_LONG' ? text.wavTooLong : '');
      if (failure.code !== 'TOO_LONG') setError(failure);
    }
    setBusy(undefined);
  };
  return (
    <Dialog
      heading={text.exportHeading}
      onClose={onClose}
      actions={
        <>
          <Button isBusy={busy === 'json'} disabled={busy !== undefined} onClick={() => void run('json')}>
            {text.exportJson}
          </Button>
          <Button isBusy={busy === 'wav'} disabled={busy !== undefined} onClick={() => void run('wav')}>
            {text.exportWav}
          </Button>
        </>
      }
    >
      <p class="dialog-help">{text.exportHelp}</p>
      <p role="status">{told}</p>
      {error && <ErrorNotice error={error} />}
    </Dialog>
  );
}
