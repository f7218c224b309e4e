export { AgentCache, entryKey } from './adapters/agent-cache.js';
export { BundleEntry } from './adapters/bundle-entry.js';
export { LeafCache } from './adapters/leaf-cache.js';
export { type Leaf, LeafEntry } from './adapters/leaf-entry.js';
export { type CacheTools, type EntryRead, type EntryValue, WatchedEntry } from './adapters/watched-entry.js';
export { leafDue, renewalMoment } from './domain/renewal-schedule.js';
export { type Bundle, parseBundle } from './domain/roots-answer.js';
export { type EntryEvent, type EntryRequest, EntrySource } from './ports/entry-source.js';
export { LeafSigner, type SignedLeaf } from './ports/leaf-signer.js';
