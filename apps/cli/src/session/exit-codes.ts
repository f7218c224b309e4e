import type { BanyanError, ErrorCode } from '@banyan/kernel';

/** What the command line ends with; every value has one meaning, in all commands. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  denied: 4,
  notFound: 5,
  conflict: 6,
  waited: 7,
  warnings: 8,
  failures: 9,
} as const;

/** One of {@link EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The meaning of every exit code, as --help and the reference show it. */
export const EXIT_MEANING: Readonly<Record<ExitCode, string>> = {
  0: 'ok',
  1: 'the command failed',
  2: 'wrong usage: nothing was asked of anybody',
  3: 'nobody answers there',
  4: 'permission denied',
  5: 'not found',
  6: 'refused because of the present state: stale plan, conflict, step not possible',
  7: 'waited for as long as allowed',
  8: 'findings: warnings',
  9: 'findings: failures',
};

const BY_CODE: Readonly<Partial<Record<ErrorCode, ExitCode>>> = {
  SERVER_UNREACHABLE: EXIT.unreachable,
  DATACENTER_UNREACHABLE: EXIT.unreachable,
  STORE_UNREACHABLE: EXIT.unreachable,
  PROVIDER_UNREACHABLE: EXIT.unreachable,
  PERMISSION_DENIED: EXIT.denied,
  ACL_NOT_FOUND: EXIT.denied,
  ACL_BOOTSTRAP_DONE: EXIT.conflict,
  DATACENTER_UNKNOWN: EXIT.notFound,
  SERVICE_NOT_FOUND: EXIT.notFound,
  ROTATION_NOT_FOUND: EXIT.notFound,
  INTENTION_NOT_FOUND: EXIT.notFound,
  TOKEN_NOT_FOUND: EXIT.notFound,
  CONFLICT: EXIT.conflict,
  CA_CONFLICT: EXIT.conflict,
  TIMEOUT: EXIT.waited,
};

const BY_STATUS: Readonly<Record<number, ExitCode>> = {
  401: EXIT.denied,
  403: EXIT.denied,
  404: EXIT.notFound,
  409: EXIT.conflict,
  503: EXIT.unreachable,
};

/** The exit code of a failure: by its code, else by the HTTP status of the answer, which `fields.status` holds. */
export const exitCodeOf = (error: BanyanError): ExitCode => {
  const { status } = error.fields;
  const byCode = BY_CODE[error.code];
  if (byCode !== undefined) return byCode;
  if (typeof status === 'number') return BY_STATUS[status] ?? EXIT.failed;
  const isUsage = error.code === 'CONFIG_INVALID' || error.code === 'DURATION_INVALID';
  return isUsage ? EXIT.usage : EXIT.failed;
};
