import type { EpochMs, JsonValue } from '@banyan/kernel';

/** `denied`: the caller may not, or is nobody. `failed`: everything else that was not done, or not to its end. */
export type AuditResult = 'ok' | 'denied' | 'failed';

/** Who asked for what, from where. */
export interface ActFacts {
  /** `intention.write`; `read` for a denied read. */
  readonly action: string;
  /** Of the token; empty when the secret is nobody's. */
  readonly accessorId: string;
  /** The description of the token. */
  readonly tokenName: string;
  /** `host:port` of the caller, and `via host:port` of whoever carried the request. */
  readonly remoteAddress: string;
  /** `PUT`; `RPC` for calls of agents and servers. */
  readonly method: string;
  /** Without its query, which may hold a secret. */
  readonly path: string;
  /** `intention/web/api`; empty when there is none, or until the store names it. */
  readonly target: string;
  /** What was there; null when there was nothing. Only members of an allowlist. */
  readonly before: JsonValue;
  /** What was asked for; null when it is to be gone. Only members of an allowlist. */
  readonly after: JsonValue;
}

/** An act with its outcome: what an entry of the trail says beside its place. */
export interface AuditRecord extends ActFacts {
  readonly at: EpochMs;
  readonly result: AuditResult;
  /** The error's code; empty when all went well. */
  readonly code: string;
}

/** Longest texts that are kept, in characters. */
const MOST = { name: 128, text: 512 } as const;
/** Longest JSON that is kept of a state. */
const MOST_STATE = 16_384;

/** A record that can be stored wherever it came from: texts are bounded, well-formed and free of control characters. */
export const storable = (record: AuditRecord): AuditRecord => ({
  ...record,
  action: clean(record.action, MOST.name),
  accessorId: clean(record.accessorId, MOST.name),
  tokenName: clean(record.tokenName, MOST.text),
  remoteAddress: clean(record.remoteAddress, MOST.text),
  method: clean(record.method, MOST.name),
  path: clean(record.path, MOST.text),
  target: clean(record.target, MOST.text),
  code: clean(record.code, MOST.name),
  before: bounded(record.before),
  after: bounded(record.after),
});

const clean = (text: string, most: number): string => {
  const kept = Array.from(wellFormed(text.slice(0, most)), (each) => (isControl(each) ? '\uFFFD' : each)).join('');
  return text.length <= most ? kept : `${kept.slice(0, -1)}…`;
};

/** Half of a pair of surrogates is no character, and UTF-8 has no bytes for it. */
const wellFormed = (text: string): string => Buffer.from(text, 'utf8').toString('utf8');

const isControl = (character: string): boolean => character < ' ' || character === '\u007F';

/** As it will be read back: a member without a value is none, and what is too long is told by its size. */
const bounded = (state: JsonValue): JsonValue => {
  const text = JSON.stringify(state);
  if (text.length > MOST_STATE) return { TooLong: text.length };
  return JSON.parse(text) as JsonValue;
};
