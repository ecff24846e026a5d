import { useRef, useState } from 'preact/hooks';
import { request } from '@/api/client';
import { ApiError, asApiError } from '@/api/errors';
import { PublishAgent } from './agents.generated';
import { type Problem, problemsIn } from './problems';

/** A version that was stored. */
export interface Stored {
  name: string;
  number: number;
}

interface State {
  busy?: 'publish' | 'draft';
  /** What was wrong in the definition that was to be stored. */
  problems?: readonly Problem[];
  error?: ApiError;
  /** Another version than the expected one is current. */
  isConflict?: boolean;
  done?: Stored;
}

/** Stores definitions, published or as drafts, and holds what came of the last time. */
export function usePublish() {
  const [state, setState] = useState<State>({});
  const isBusy = useRef(false);

  async function store(input: { definition: string; expectedVersion?: number; draft: boolean }): Promise<Stored | undefined> {
    if (isBusy.current) return undefined;
    isBusy.current = true;
    setState({ busy: input.draft ? 'draft' : 'publish' });
    try {
      const { publishAgent } = await request(PublishAgent, { input });
      if (publishAgent === null) throw new ApiError('BAD_RESPONSE', 'No version.');
      const stored = { name: publishAgent.agent.name, number: publishAgent.version.number };
      setState(input.draft ? {} : { done: stored });
      return stored;
    } catch (thrown) {
      const error = asApiError(thrown);
      const problems = problemsIn(error);
      if (problems !== undefined) setState({ problems });
      else setState(error.code === 'CONFLICT' ? { isConflict: true } : { error });
      return undefined;
    } finally {
      isBusy.current = false;
    }
  }

  return {
    ...state,
    /** `base`: the number of the version that must be current, 0 for none. Undefined if nothing was stored. */
    publish: (definition: string, base: number) => store({ definition, expectedVersion: base, draft: false }),
    storeDraft: (definition: string) => store({ definition, draft: true }),
    clear: () => setState({}),
    tell: (done: Stored) => setState({ done }),
  };
}
