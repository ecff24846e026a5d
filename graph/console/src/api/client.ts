import type { Document } from './document';
import { ApiError, type GraphQLFault, ofResponse } from './errors';
import { PREFIX } from '@/state/prefix';
import { keyRefused, session } from '@/state/session';

const TIMEOUT_MS = 15_000;

export interface RequestOptions {
  /** Aborts the request; its promise rejects with the signal's reason. */
  signal?: AbortSignal;
  timeoutMs?: number;
  /** An API key in place of the session's: to try one. A refusal then does not sign the person out. */
  key?: string;
}

/** Runs a query or mutation and returns its data. Raises ApiError, also for a response with data and errors. */
export async function request<Data, Variables>(
  document: Document<Data, Variables>,
  variables: Variables,
  options: RequestOptions = {},
): Promise<Data> {
  const key = options.key ?? session.value?.key;
  if (key === undefined) throw new ApiError('UNAUTHENTICATED', 'No API key.');
  try {
    const body = JSON.stringify({ query: document, variables });
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', accept: 'application/json' };
    const { answer, retryAfter } = await post('/graphql', body, headers, options);
    const { data, errors } = answer as { data?: Data | null; errors?: GraphQLFault[] };
    if (errors !== undefined && errors.length > 0) throw ofResponse(errors, retryAfter);
    if (data === undefined || data === null) throw new ApiError('BAD_RESPONSE', 'A response without data.');
    return data;
  } catch (error) {
    if (options.key === undefined && error instanceof ApiError && error.isAboutKey) keyRefused(key);
    throw error;
  }
}

/** POSTs JSON to a path of this server. Raises ApiError. */
export async function postJson(path: string, value: unknown, options: RequestOptions = {}): Promise<unknown> {
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  const { answer, status, retryAfter } = await post(path, JSON.stringify(value), headers, options);
  const errors = (answer as { errors?: GraphQLFault[] }).errors;
  if (errors !== undefined && errors.length > 0) throw ofResponse(errors, retryAfter);
  if (status >= 400) throw new ApiError('BAD_RESPONSE', `HTTP ${status}`);
  return answer;
}

async function post(
  path: string,
  body: string,
  headers: Record<string, string>,
  { signal, timeoutMs = TIMEOUT_MS }: RequestOptions,
): Promise<{ answer: object; status: number; retryAfter: number | undefined }> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
  let status = 0;
  let retryAfter: number | undefined;
  let text: string;
  try {
    const response = await fetch(`${PREFIX}${path}`, { method: 'POST', body, headers, signal: either, cache: 'no-store' });
    status = response.status;
    retryAfter = Number(response.headers.get('retry-after')) || undefined;
    text = await response.text();
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (timeout.aborted) throw new ApiError('TIMEOUT', `No response within ${timeoutMs / 1000} s.`);
    throw new ApiError('OFFLINE', error instanceof Error ? error.message : 'The server cannot be reached.');
  }
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer === 'object' && answer !== null) return { answer, status, retryAfter };
  } catch {
    // falls through: not JSON
  }
  throw new ApiError('BAD_RESPONSE', `HTTP ${status} without JSON.`, { retryAfter });
}
