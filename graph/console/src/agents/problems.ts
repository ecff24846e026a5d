import { request } from '@/api/client';
import type { ApiError } from '@/api/errors';
import { CheckAgent } from './agents.generated';

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

export interface Check {
  problems: readonly Problem[];
  /** What may be a mistake. */
  warnings: readonly string[];
}

/** Asks the server what is wrong in a text. Raises ApiError. */
export async function check(text: string, signal: AbortSignal): Promise<Check> {
  const { problems, warnings } = (await request(CheckAgent, { definition: text }, { signal })).checkAgent;
  return {
    problems: problems.map((each) => ({ ...each, line: each.line ?? undefined, column: each.column ?? undefined })),
    warnings,
  };
}
