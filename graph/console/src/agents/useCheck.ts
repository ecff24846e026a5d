import { useEffect, useState } from 'preact/hooks';
import { type ApiError, asApiError } from '@/api/errors';
import { check, type Check } from './problems';

/** The pause in typing after which a text is checked. */
const PAUSE_MS = 900;

/** `problems`, `warnings`: of the text that was checked last. */
export interface Checked extends Check {
  state: 'unchanged' | 'waiting' | 'checked' | 'failed';
  error: ApiError | undefined;
}

const UNCHANGED: Checked = { state: 'unchanged', problems: [], warnings: [], error: undefined };

/** The problems of a text, as the server finds them when typing pauses. */
export function useCheck(text: string, isChanged: boolean): Checked {
  const [checked, setChecked] = useState<Checked>(UNCHANGED);
  useEffect(() => {
    if (!isChanged) return setChecked(UNCHANGED);
    const controller = new AbortController();
    setChecked((before) => ({ ...before, state: 'waiting', error: undefined }));
    const timer = setTimeout(() => {
      check(text, controller.signal).then(
        (found) => setChecked({ state: 'checked', ...found, error: undefined }),
        (error: unknown) => {
          if (controller.signal.aborted) return;
          setChecked((before) => ({ ...before, state: 'failed', error: asApiError(error) }));
        },
      );
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [text, isChanged]);
  return checked;
}
