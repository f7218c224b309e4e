import type { IndexedTokenRecord } from '../domain/token-record.js';

/** Reads of the local datacenter's tokens, from memory. */
export abstract class TokenReader {
  /** All tokens, ordered by accessor. */
  abstract list(): readonly IndexedTokenRecord[];
  /** The token with this accessor. */
  abstract find(accessorId: string): IndexedTokenRecord | undefined;
}
