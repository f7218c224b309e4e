import { BanyanError, isBanyanError } from '@banyan/kernel';
import { Answer, answerText } from './answer.js';
import { CONCEALED_TEXT, ERROR_STATUS } from './error-status.js';

/**
 * The plain-text answer of a coded error; the code itself is in the header `X-Banyan-Error`. A concealed code answers its constant text, that of
 * an unreachable store with the code of the reason; a rate limit says when to come
 * back, in whole seconds, rounded up.
 */
export const answerForError = (error: BanyanError): Answer => {
  const text =
    CONCEALED_TEXT[error.code] === undefined ? error.message : `${CONCEALED_TEXT[error.code]}${reasonOf(error)}`;
  const answer = answerText(text, ERROR_STATUS[error.code] ?? 500).with({ 'X-Banyan-Error': error.code });
  const { retryAfterMs, allow } = error.fields;
  if (typeof retryAfterMs === 'number' && retryAfterMs >= 0) {
    return answer.with({ 'Retry-After': String(Math.max(1, Math.ceil(retryAfterMs / 1000))) });
  }
  return typeof allow === 'string' ? answer.with({ Allow: allow }) : answer;
};

/** Codes of the driver and of system calls tell what to look for, and nothing of where the store is. */
const reasonOf = ({ code, fields }: BanyanError): string => {
  const { reason } = fields;
  return code === 'STORE_UNREACHABLE' && typeof reason === 'string' && /^[A-Za-z0-9_-]{1,32}$/.test(reason)
    ? ` (${reason})`
    : '';
};

/** Whether an operator must hear of it: anything without a code, and what the caller is not told. */
export const isUnexpected = (error: unknown): boolean =>
  !isBanyanError(error) || (ERROR_STATUS[error.code] === 500 && CONCEALED_TEXT[error.code] !== undefined);

/** The error of a request that no route took (contract §0.1), or undefined for OPTIONS on a known path. */
export const unroutedError = (method: string, path: string, declared: readonly string[]): BanyanError | undefined => {
  if (declared.length === 0) {
    const hint = path.startsWith('/v1/') ? 'no such API endpoint' : 'paths of the API start with /v1/';
    return new BanyanError('ROUTE_NOT_FOUND', `Unknown path: ${hint}`);
  }
  if (method === 'OPTIONS') return undefined;
  const allow = allowHeader(declared);
  return new BanyanError('METHOD_NOT_ALLOWED', `Method ${method} is not served by this path, only ${allow}`, {
    fields: { allow },
  });
};

/** `OPTIONS,GET,PUT`: no spaces. */
export const allowHeader = (declared: readonly string[]): string => ['OPTIONS', ...declared].join(',');
