import { request } from '@/api/client';
import { ApiError, asApiError } from '@/api/errors';
import { PublishAgent } from './agents.generated';

/** What is wrong in a definition or an eval file; `line` and `column` from 1, of the text. */
export interface Problem {
  message: string;
  path: string;
  line: number | undefined;
  column: number | undefined;
}

const CODES = ['INVALID_DEFINITION', 'INVALID_EVALS'];

/** The problems that the server told in refusing a text; undefined if it refused for another reason. */
export function problemsIn(error: ApiError): readonly Problem[] | undefined {
  const told = error.extensions['problems'];
  if (!CODES.includes(error.code) || !Array.isArray(told)) return undefined;
  return told.map((each: Record<string, unknown>) => ({
    message: String(each['message'] ?? ''),
    path: String(each['path'] ?? ''),
    line: typeof each['line'] === 'number' ? each['line'] : undefined,
    column: typeof each['column'] === 'number' ? each['column'] : undefined,
  }));
}

/** No version has it: the server checks a definition before it compares this number, and then stores nothing. */
const NO_VERSION = -1;

/** Asks the server what is wrong in a text. Stores nothing. Raises ApiError. */
export async function check(text: string, signal: AbortSignal): Promise<readonly Problem[]> {
  try {
    await request(PublishAgent, { input: { definition: text, draft: true, expectedVersion: NO_VERSION } }, { signal });
    return []; // as the current version, which is published already
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    const error = asApiError(thrown);
    if (error.code === 'CONFLICT') return [];
    const problems = problemsIn(error);
    if (problems === undefined) throw error;
    return problems;
  }
}
