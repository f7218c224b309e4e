import { ChainCheck, type ChainPlace } from '@banyan/kernel';
import { entryHash, type LedgerEntry } from './ledger-entry.js';

/** Follows the ledger from where it begins; `anchor` is a place that somebody noted earlier. */
export const ledgerCheck = (beginning: ChainPlace, anchor?: ChainPlace): ChainCheck<LedgerEntry> =>
  new ChainCheck<LedgerEntry>({ name: 'the ledger', linkOf: (entry) => entry, hashOf: entryHash, beginning, anchor });
