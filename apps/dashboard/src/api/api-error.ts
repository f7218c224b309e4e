/** What a request can end with, as pages tell them apart: who may not, what is not there, what is not reachable. */
export type ApiErrorKind = 'denied' | 'not-found' | 'conflict' | 'invalid' | 'unreachable' | 'failed';

const kindOf = (status: number): ApiErrorKind => {
  if (status === 0) return 'unreachable';
  if (status === 401 || status === 403) return 'denied';
  if (status === 404) return 'not-found';
  if (status === 409) return 'conflict';
  return status >= 400 && status < 500 ? 'invalid' : 'failed';
};

/** A refused or failed request: the server's words, its code (`X-Banyan-Error`), and the HTTP status; 0: no answer came. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly kind: ApiErrorKind;

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.kind = kindOf(status);
  }

  /** Whatever was thrown, as an ApiError: what is none of ours means that no answer came. */
  static of(error: unknown): ApiError {
    if (error instanceof ApiError) return error;
    return new ApiError(0, 'UNREACHABLE', error instanceof Error ? error.message : String(error));
  }
}
