import { useState } from 'preact/hooks';
import { navigate, pathTo, place } from '@/state/router';
import { Button } from '@/ui/Button';
import { Link } from '@/ui/Link';
import { words } from '@/words';
import { ExportDialog } from './ExportDialog';
import { ForkDialog } from './ForkDialog';
import { GoOnDialog } from './GoOnDialog';
import { wayOn } from './goOn';
import type { Head, Line } from './store';

export function Back() {
  return (
    <Link to={pathTo('conversations')} class="button button-quiet">
      {words.value.conversations.back}
    </Link>
  );
}

/** What can be done with a whole conversation. */
export function Actions({ head, total, last }: { head: Head; total: number; last: Line | undefined }) {
  const text = words.value.conversations;
  // `?go=on` is Talk's link to what is done with a conversation that has ended.
  const [open, setOpen] = useState<'export' | 'fork' | 'go' | undefined>(place.value.query.get('go') === 'on' ? 'go' : undefined);
  const close = () => setOpen(undefined);
  const way = wayOn(head, total, last);
  const inTalk = pathTo('talk', undefined, { session: head.id });
  return (
    <>
      <Back />
      <Button
        icon="talk"
        aria-haspopup={way === 'open' ? undefined : 'dialog'}
        onClick={() => (way === 'open' ? navigate(inTalk) : setOpen('go'))}
      >
        {text.talkOn}
      </Button>
      <Button onClick={() => setOpen('export')} aria-haspopup="dialog">
        {text.export}
      </Button>
      <Button onClick={() => setOpen('fork')} aria-haspopup="dialog">
        {text.runAgain}
      </Button>
      {open === 'export' && <ExportDialog id={head.id} onClose={close} />}
      {open === 'go' && way !== 'open' && <GoOnDialog id={head.id} way={way} total={total} onClose={close} />}
      {open === 'fork' && <ForkDialog head={head} total={total} onClose={close} />}
    </>
  );
}
