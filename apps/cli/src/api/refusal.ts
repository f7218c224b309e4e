import type { IncomingMessage } from 'node:http';
import { BanyanError, ERROR_CODES, type ErrorCode } from '@banyan/kernel';

const LONGEST_TEXT = 2_000;

const isCode = (text: unknown): text is ErrorCode => typeof text === 'string' && Object.hasOwn(ERROR_CODES, text);

const codeOf = (status: number): ErrorCode => {
  if (status === 401 || status === 403) return 'PERMISSION_DENIED';
  if (status === 404) return 'ROUTE_NOT_FOUND';
  return status === 503 ? 'SERVER_UNREACHABLE' : 'INTERNAL';
};

/** What an answer that is no success says: its code (X-Banyan-Error, else by the status) and its text; `fields.status`. */
export const refusalOf = (message: IncomingMessage, text: string): BanyanError => {
  const status = message.statusCode ?? 0;
  const named = message.headers['x-banyan-error'];
  const said = text.slice(0, LONGEST_TEXT).trim();
  return new BanyanError(isCode(named) ? named : codeOf(status), said === '' ? `answered ${status}` : said, {
    fields: { status },
  });
};
