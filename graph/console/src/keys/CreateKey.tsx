import { useEffect, useRef, useState } from 'preact/hooks';
import { request } from '@/api/client';
import { type ApiError, asApiError } from '@/api/errors';
import { Button } from '@/ui/Button';
import { Dialog } from '@/ui/Dialog';
import { ErrorNotice } from '@/ui/ErrorNotice';
import { Field } from '@/ui/Field';
import { Select } from '@/ui/Select';
import { words } from '@/words';
import { CreateKey as Create } from './keys.generated';

const DAY_MS = 86_400_000;
const LIFETIMES = { never: undefined, day: 1, month: 30, year: 365 } as const;
type Lifetime = keyof typeof LIFETIMES;

export interface CreateKeyProps {
  onCreated: () => void;
  onClose: () => void;
}

/** Makes a key and shows it, once. */
export function CreateKey({ onCreated, onClose }: CreateKeyProps) {
  const { keys, common } = words.value;
  const [name, setName] = useState('');
  const [lifetime, setLifetime] = useState<Lifetime>('year');
  const [error, setError] = useState<ApiError | undefined>();
  const [isBusy, setBusy] = useState(false);
  const [secret, setSecret] = useState<string | undefined>();

  async function create(event: Event) {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    const days = LIFETIMES[lifetime];
    const expiresAt = days === undefined ? null : new Date(Date.now() + days * DAY_MS).toISOString();
    try {
      setSecret((await request(Create, { input: { name: name.trim(), expiresAt } })).createApiKey?.secret);
      onCreated();
    } catch (failure) {
      setError(asApiError(failure));
    } finally {
      setBusy(false);
    }
  }

  if (secret !== undefined) return <NewKey secret={secret} onClose={onClose} />;
  return (
    <Dialog heading={keys.create} onClose={onClose} isFirm={isBusy}>
      <form class="key-form" onSubmit={(event) => void create(event)}>
        <Field label={keys.name} help={keys.nameHelp} value={name} onInput={setName} maxLength={100} required autocomplete="off" />
        <Select
          label={keys.expires}
          value={lifetime}
          onChange={setLifetime}
          options={(Object.keys(LIFETIMES) as Lifetime[]).map((value) => ({ value, label: keys.lifetimes[value] }))}
        />
        {error && <ErrorNotice error={error} />}
        <div class="dialog-actions">
          <Button onClick={onClose}>{common.cancel}</Button>
          <Button kind="primary" type="submit" isBusy={isBusy} disabled={name.trim() === ''}>
            {keys.create}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function NewKey({ secret, onClose }: { secret: string; onClose: () => void }) {
  const { keys, common } = words.value;
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return undefined;
    const timer = setTimeout(() => setCopied(false), 3_000);
    return () => clearTimeout(timer);
  }, [isCopied]);
  const code = useRef<HTMLElement>(null);
  async function copy() {
    try {
      await navigator.clipboard.writeText(secret);
      setCopied(true);
    } catch {
      // Without HTTPS a page has no clipboard: marked, the key is copied by the keyboard.
      if (code.current) getSelection()?.selectAllChildren(code.current);
    }
  }
  return (
    <Dialog
      heading={keys.createdHeading}
      onClose={onClose}
      isFirm
      actions={
        <>
          <Button icon={isCopied ? 'check' : 'copy'} onClick={() => void copy()}>
            {isCopied ? common.copied : common.copy}
          </Button>
          <Button kind="primary" onClick={onClose}>
            {keys.saved}
          </Button>
        </>
      }
    >
      <p>{keys.shownOnce}</p>
      <code ref={code} class="key-secret">{secret}</code>
    </Dialog>
  );
}
