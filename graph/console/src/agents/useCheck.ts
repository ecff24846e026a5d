import { useEffect, useState } from 'preact/hooks';
import { type ApiError, asApiError } from '@/api/errors';
import { check, type Problem } from './problems';

/** The pause in typing after which a text is checked. */
const PAUSE_MS = 900;

export interface Checked {
  state: 'unchanged' | 'waiting' | 'checked' | 'failed';
  /** Of the text that was checked last. */
  problems: readonly Problem[];
  error: ApiError | undefined;
}

const UNCHANGED: Checked = { state: 'unchanged', problems: [], error: undefined };

/** The problems of a text, as the server finds them when typing pauses. */
export function useCheck(text: string, isChanged: boolean): Checked {
  const [checked, setChecked] = useState<Checked>(UNCHANGED);
  useEffect(() => {
    if (!isChanged) return setChecked(UNCHANGED);
    const controller = new AbortController();
    setChecked((before) => ({ ...before, state: 'waiting', error: undefined }));
    const timer = setTimeout(() => {
      check(text, controller.signal).then(
        (problems) => setChecked({ state: 'checked', problems, error: undefined }),
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
