import { BanyanError, isBanyanError, messageOf } from '@banyan/kernel';

/** SQLSTATE classes and codes that mean: no working connection. 08 connection, 57P0x shutdown, 53300 too many clients. */
const UNREACHABLE_STATES = /^(08...|57P0[1-5]|53300|25P03|28...|3D000)$/;
/** A standby, or a primary that was made read-only: reads work, writes do not. */
const READ_ONLY_STATE = '25006';
/** Lost against another transaction: serialization, deadlock, lock wait, unique key. */
const CONFLICT_STATES = new Set(['40001', '40P01', '55P03', '23505']);
const UNREACHABLE_SYSCALLS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'ETIMEDOUT',
  'EACCES',
]);
/** What pg, pg-pool and TypeORM (of a runner whose connection broke) say without a code. */
const UNREACHABLE_MESSAGE =
  /connection terminated|connection timeout|timeout expired|timeout exceeded when trying to connect|client has encountered a connection error|query read timeout|client was closed|query runner (?:was )?already released/i;

/** The SQLSTATE or system call code of a driver error; TypeORM wraps it one level down. */
export const driverCodeOf = (error: unknown): string | undefined => {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, driverError } = error as { code?: unknown; driverError?: unknown };
  if (typeof code === 'string') return code;
  return driverError === undefined ? undefined : driverCodeOf(driverError);
};

/** Whether the database could not be reached, or the connection to it was lost. */
export const isUnreachable = (error: unknown): boolean => {
  const code = driverCodeOf(error);
  if (code !== undefined && (UNREACHABLE_STATES.test(code) || UNREACHABLE_SYSCALLS.has(code))) return true;
  if (error instanceof AggregateError) return error.errors.some(isUnreachable);
  return UNREACHABLE_MESSAGE.test(messageOf(error));
};

/** Whether a write met a database that only reads. */
export const isReadOnly = (error: unknown): boolean => driverCodeOf(error) === READ_ONLY_STATE;

/** What a write, or a look at the database's health, says of a database that only reads. */
export const readOnlyDatabase = (cause?: unknown): BanyanError =>
  new BanyanError('STORE_UNREACHABLE', 'the database is read-only: a standby, or a primary that was demoted', {
    cause,
    fields: { reason: 'read-only' },
  });

/** Gives a driver error its code: `STORE_UNREACHABLE`, `CONFLICT`; anything else is returned as it is. */
export const codedStoreError = (error: unknown): unknown => {
  if (isBanyanError(error)) return error;
  if (isReadOnly(error)) return readOnlyDatabase(error);
  const code = driverCodeOf(error);
  if (isUnreachable(error)) {
    return new BanyanError('STORE_UNREACHABLE', `the database does not answer: ${messageOf(error)}`, {
      cause: error,
      fields: { reason: code },
    });
  }
  if (code !== undefined && CONFLICT_STATES.has(code)) {
    return new BanyanError('CONFLICT', `the transaction lost against another one: ${messageOf(error)}`, {
      cause: error,
      fields: { reason: code },
    });
  }
  return error;
};
