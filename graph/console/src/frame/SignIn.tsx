import { useEffect, useRef, useState } from 'preact/hooks';
import { type ApiError, asApiError } from '@/api/errors';
import { signedOutReason } from '@/state/session';
import { Button } from '@/ui/Button';
import { ErrorNotice } from '@/ui/ErrorNotice';
import { Field } from '@/ui/Field';
import { Loading } from '@/ui/Loading';
import { words } from '@/words';
import { Logo } from './Logo';
import { Preferences } from './Preferences';
import { signInWithKey, signInWithToken, takeToken } from './signInLink';

// The page is loaded once with the fragment; a link that is opened in the same tab changes it alone.
let token = takeToken();

/** A key that can be sent in a header: no spaces or characters beyond ASCII, as a word processor adds them. */
const isSendable = (key: string): boolean => /^[\x21-\x7e]+$/.test(key);

export function SignIn() {
  const text = words.value.signIn;
  const [key, setKey] = useState('');
  const [busy, setBusy] = useState<'key' | 'link' | undefined>(token === undefined ? undefined : 'link');
  const [wrong, setWrong] = useState<string>();
  const [error, setError] = useState<ApiError>();
  const form = useRef<HTMLFormElement>(null);

  const attempt = async (signing: Promise<void>, refused: string) => {
    setError(undefined);
    setWrong(undefined);
    try {
      await signing;
    } catch (thrown) {
      const failure = asApiError(thrown);
      // The token of a link has a code of its own.
      if (failure.isAboutKey || failure.code === 'SIGN_IN_FAILED') setWrong(refused);
      else setError(failure);
      setBusy(undefined);
    }
  };
  const useLink = () => {
    if (token === undefined) return;
    const taken = token;
    token = undefined;
    setBusy('link');
    void attempt(signInWithToken(taken), text.usedLink);
  };
  useEffect(() => {
    document.title = `${text.heading} – VoxLoom`;
    const changed = () => {
      token = takeToken();
      useLink();
    };
    useLink();
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  useEffect(() => {
    if (wrong !== undefined) form.current?.querySelector('input')?.focus();
  }, [wrong]);

  return (
    <main class="sign-in">
      <div class="sign-in-card">
        <Logo />
        <h1>{text.heading}</h1>
        <p class="sign-in-intro">{signedOutReason.value ? text.reasons[signedOutReason.value] : text.intro}</p>
        {busy === 'link' ? (
          <Loading label={text.link} />
        ) : (
          <form
            ref={form}
            onSubmit={(event) => {
              event.preventDefault();
              const given = key.trim();
              if (!isSendable(given)) return setWrong(text.wrongKey);
              setBusy('key');
              void attempt(signInWithKey(given), text.wrongKey);
            }}
          >
            <Field
              label={text.key}
              type="password"
              autocomplete="off"
              spellcheck={false}
              required
              value={key}
              onInput={setKey}
              error={wrong}
              help={text.keyHelp}
            />
            {error && <ErrorNotice error={error} />}
            <Button kind="primary" type="submit" isBusy={busy === 'key'}>
              {busy === 'key' ? text.checking : text.submit}
            </Button>
          </form>
        )}
      </div>
      <Preferences />
    </main>
  );
}
