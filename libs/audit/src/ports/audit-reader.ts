import type { ChainPlace, EpochMs } from '@banyan/kernel';
import type { AuditBeginning, AuditBreak, ServerPlaces } from '../domain/audit-check.js';
import type { AuditEntry } from '../domain/audit-entry.js';
import type { AuditResult } from '../domain/audit-record.js';

/** What is looked for; everything that is given has to fit. */
export interface AuditQuestion {
  /** Accessor ID or name of the token. */
  readonly actor?: string;
  /** The whole action, or its beginning when it ends with a point: `rotation.` */
  readonly action?: string;
  readonly result?: AuditResult;
  /** At or after this moment. */
  readonly since?: EpochMs;
  /** Before this moment. */
  readonly until?: EpochMs;
  /** Entries before this number only: the last of the page before. The newest come first. */
  readonly before?: number;
  /** Entries after this number only; the oldest come first then. */
  readonly after?: number;
  /** At most so many, 1 to 1,000. */
  readonly limit: number;
}

/** What a walk along the whole trail found. */
export interface AuditProof {
  readonly valid: boolean;
  /** Entries that hold, up to the break if there is one. */
  readonly entries: number;
  /** Where the trail begins: the last entry that retention took away, or 0. */
  readonly checkpoint: AuditBeginning;
  /** Where it ends. Note it elsewhere: later it proves, as `anchor`, that nothing was rewritten since. */
  readonly head: ChainPlace;
  /** Where the chains of its servers end. */
  readonly servers: ServerPlaces;
  readonly firstBreak?: AuditBreak;
}

/** The audit trail of this datacenter. Everything throws `STORE_UNREACHABLE` while the database does not answer. */
export abstract class AuditReader {
  abstract search(question: AuditQuestion): Promise<readonly AuditEntry[]>;
  /** Every entry after `after`, the oldest first, page by page. */
  abstract export(after: number, signal: AbortSignal): AsyncIterable<readonly AuditEntry[]>;
  /** Proves that no entry was changed, left out or put in since it was written; names the first that was. */
  abstract verify(signal: AbortSignal, anchor?: ChainPlace): Promise<AuditProof>;
}
