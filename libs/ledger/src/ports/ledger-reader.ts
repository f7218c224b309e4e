import type { ChainBreak, ChainPlace, EpochMs } from '@banyan/kernel';
import type { LedgerEntry } from '../domain/ledger-entry.js';

/** What is looked for; everything that is given has to fit. */
export interface LedgerQuestion {
  /** Leaves of this service. */
  readonly service?: string;
  /** `ab:cd:…` */
  readonly serialHex?: string;
  /** Subject key identifier of the signing key, `ab:cd:…`. */
  readonly issuerKeyId?: string;
  readonly node?: string;
  /** Issued at or after this moment. */
  readonly since?: EpochMs;
  /** Issued before this moment. */
  readonly until?: EpochMs;
  /** Entries before this number only: the last of the page before. */
  readonly before?: number;
  /** At most so many, 1 to 1,000. */
  readonly limit: number;
}

/** Whoever holds a live leaf: a service on a node, under a token. */
export interface LeafHolder {
  readonly uri: string;
  readonly node: string;
  readonly accessorId: string;
  /** The root above its newest leaf that has not ended. */
  readonly rootId: string;
  readonly notAfter: EpochMs;
}

/** What a walk along the whole chain found. */
export interface ChainProof {
  readonly valid: boolean;
  /** Entries that hold, up to the break if there is one. */
  readonly entries: number;
  /** Where the ledger begins: the last entry that retention took away, or 0. */
  readonly checkpoint: ChainPlace;
  /** Where it ends. Note it elsewhere: later it proves, as `anchor`, that nothing was rewritten since. */
  readonly head: ChainPlace;
  readonly firstBreak?: ChainBreak;
}

/** The ledger of this datacenter. Everything throws `STORE_UNREACHABLE` while the database does not answer. */
export abstract class LedgerReader {
  /** The newest first. */
  abstract search(question: LedgerQuestion): Promise<readonly LedgerEntry[]>;
  /** Every entry after `after`, the oldest first, page by page: memory is bounded however many there are. */
  abstract export(after: number, signal: AbortSignal): AsyncIterable<readonly LedgerEntry[]>;
  /** Proves that no entry was changed, left out or put in since it was written; names the first that was. */
  abstract verify(signal: AbortSignal, anchor?: ChainPlace): Promise<ChainProof>;
  /** Holders of live leaves of services, counted by the root above the newest leaf of each, or by the subject key ID of who signed it. */
  abstract live(now: EpochMs, by?: 'root' | 'key'): Promise<Readonly<Record<string, number>>>;
  /** Those of them whose newest leaf is under another root than `rootId`, at most `limit`, the longest-lived first. */
  abstract holdersElsewhere(rootId: string, now: EpochMs, limit: number): Promise<readonly LeafHolder[]>;
}
