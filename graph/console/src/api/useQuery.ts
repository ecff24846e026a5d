import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { request } from './client';
import type { Document } from './document';
import { type ApiError, asApiError } from './errors';

export interface Query<Data> {
  /** The newest data; that of before while it is loaded again. */
  data: Data | undefined;
  error: ApiError | undefined;
  isLoading: boolean;
  reload: () => void;
}

/** The data of a query, loaded again when its variables change; a newer request ends the one before it. */
export function useQuery<Data, Variables>(document: Document<Data, Variables>, variables: Variables): Query<Data> {
  const [state, setState] = useState<Omit<Query<Data>, 'reload'>>({ data: undefined, error: undefined, isLoading: true });
  const [round, setRound] = useState(0);
  const latest = useRef(variables);
  latest.current = variables;
  const fingerprint = JSON.stringify(variables);
  useEffect(() => {
    const controller = new AbortController();
    setState((before) => ({ ...before, error: undefined, isLoading: true }));
    request(document, latest.current, { signal: controller.signal }).then(
      (data) => setState({ data, error: undefined, isLoading: false }),
      (error: unknown) => {
        if (controller.signal.aborted) return;
        setState((before) => ({ ...before, error: asApiError(error), isLoading: false }));
      },
    );
    return () => controller.abort();
  }, [document, fingerprint, round]);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  return { ...state, reload };
}
