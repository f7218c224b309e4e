export { entryHash, genesisHash, type LedgerEntry } from './domain/ledger-entry.js';
export { colonHex, toWireEntry, type WireEntry } from './domain/wire-entry.js';
export { type ChainProof, type LeafHolder, type LedgerQuestion, LedgerReader } from './ports/ledger-reader.js';
export { LedgerRetention, type LedgerRetentionOptions } from './adapters/ledger-retention.js';
export { type LedgerCounts, LedgerWriter, type LedgerWriterOptions } from './adapters/ledger-writer.js';
export { StoreLedgerReader } from './adapters/store-ledger-reader.js';
