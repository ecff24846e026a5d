/**
 * A request that did not succeed, in the API's terms.
 *
 * `code`: of the API's error codes, or TIMEOUT, OFFLINE (no answer) and BAD_RESPONSE (none of this API) of the console.
 * `errorId`: under which the server's log has the error. `retryAfter`: seconds. `extensions`: of the GraphQL error.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: string;
  readonly errorId: string | undefined;
  readonly retryAfter: number | undefined;
  readonly extensions: Readonly<Record<string, unknown>>;

  constructor(
    code: string,
    message: string,
    options: { retryAfter?: number | undefined; extensions?: Record<string, unknown> } = {},
  ) {
    super(message);
    this.code = code;
    this.extensions = options.extensions ?? {};
    const id = this.extensions['errorId'];
    this.errorId = typeof id === 'string' ? id : undefined;
    this.retryAfter = options.retryAfter;
  }

  /** Whether the API key is not, or no longer, valid. */
  get isAboutKey(): boolean {
    return this.code === 'UNAUTHENTICATED' || this.code === 'API_KEY_EXPIRED';
  }
}

/** Anything that was thrown, as an ApiError. */
export function asApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  return new ApiError('CONSOLE', thrown instanceof Error ? thrown.message : String(thrown));
}

export interface GraphQLFault {
  message?: unknown;
  path?: unknown;
  extensions?: Record<string, unknown> | undefined;
}

/** The first of the errors of a GraphQL response. */
export function ofResponse(errors: readonly GraphQLFault[], retryAfter?: number): ApiError {
  const first = errors[0] ?? {};
  const extensions = first.extensions ?? {};
  const code = typeof extensions['code'] === 'string' ? extensions['code'] : 'BAD_RESPONSE';
  return new ApiError(code, typeof first.message === 'string' ? first.message : code, { retryAfter, extensions });
}
