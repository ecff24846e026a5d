import { useState } from 'preact/hooks';
import { pathTo } from '@/state/router';
import { Button } from '@/ui/Button';
import { Link } from '@/ui/Link';
import { words } from '@/words';
import { ExportDialog } from './ExportDialog';
import { ForkDialog } from './ForkDialog';
import type { Head } from './store';

export function Back() {
  return (
    <Link to={pathTo('conversations')} class="button button-quiet">
      {words.value.conversations.back}
    </Link>
  );
}

/** What can be done with a whole conversation. */
export function Actions({ head, total }: { head: Head; total: number }) {
  const text = words.value.conversations;
  const [open, setOpen] = useState<'export' | 'fork'>();
  const close = () => setOpen(undefined);
  return (
    <>
      <Back />
      <Button onClick={() => setOpen('export')} aria-haspopup="dialog">
        {text.export}
      </Button>
      <Button onClick={() => setOpen('fork')} aria-haspopup="dialog">
        {text.runAgain}
      </Button>
      {open === 'export' && <ExportDialog id={head.id} onClose={close} />}
      {open === 'fork' && <ForkDialog head={head} total={total} onClose={close} />}
    </>
  );
}
