import type { ErrorCode } from './error-codes.js';

/** Values that are safe to log beside a message: names, ids, fingerprints, counts. Never key material or a token. */
export type ErrorFields = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * The one error that crosses rooms. `code` is from the catalogue in `error-codes.ts`; `message` is for a person and
 * says what to do; the edges turn the code into an HTTP or gRPC status.
 */
export class BanyanError extends Error {
  override readonly name = 'BanyanError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: { cause?: unknown; fields?: ErrorFields } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.fields = options.fields ?? {};
  }

  readonly fields: ErrorFields;
}

/** Whether `error` is a {@link BanyanError}, and if codes are given, one with any of them. */
export const isBanyanError = (error: unknown, ...codes: ErrorCode[]): error is BanyanError =>
  error instanceof BanyanError && (codes.length === 0 || codes.includes(error.code));

/** The message of anything that was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
