import type { BanyanError, ErrorCode } from '@banyan/kernel';

/** What to do next, by code; the message itself says what happened. */
const NEXT: Readonly<Partial<Record<ErrorCode, string>>> = {
  SERVER_UNREACHABLE: 'is an agent or a server running there? --http-addr or BANYAN_HTTP_ADDR names another one',
  DATACENTER_UNREACHABLE: '`banyan replication status` says how the link is; the datacenter itself can still be asked',
  PERMISSION_DENIED:
    'give a token that may: --token-file, or BANYAN_HTTP_TOKEN; `banyan token self` shows what yours may',
  ACL_NOT_FOUND: 'the token is not known there: check --token-file, BANYAN_HTTP_TOKEN and the address',
  ROUTE_NOT_FOUND: 'is that a banyan server or agent, of this version? `banyan doctor` compares',
  DATACENTER_UNKNOWN: '`banyan federation list` names the datacenters',
  CA_UNINITIALIZED: '`banyan status` says what the datacenter waits for',
  CA_NOT_PRIMARY: 'ask the primary datacenter: `banyan federation list` names it',
  ROTATION_NOT_FOUND: '`banyan ca rotation list` names them',
  ROTATION_IN_PROGRESS: '`banyan ca rotation status` names who is behind; waive them or roll back',
  ROTATION_PLAN_STALE: 'look at it again: the same command with --dry-run',
  ROTATION_STEP_ILLEGAL: '`banyan ca rotation status` says which steps are possible now',
  REPLICATION_DIFF_STALE: 'look at what is held now: `banyan replication status`',
  REPLICATION_STREAM_UNKNOWN: '`banyan replication status` names the streams',
  CONFLICT: 'read it again and repeat',
  CA_CONFLICT: 'read the configuration again (`banyan ca config get`) and repeat',
  RATE_LIMITED: 'wait a second and repeat',
  LEDGER_BROKEN: '`banyan ledger verify` names the first break',
  ACL_BOOTSTRAP_DONE: 'use the first token; `banyan token create` makes more',
};

/** One sentence, or undefined where nothing general can be said. */
export const nextStepOf = (error: BanyanError): string | undefined => {
  const own = error.fields['next'];
  return typeof own === 'string' ? own : NEXT[error.code];
};
