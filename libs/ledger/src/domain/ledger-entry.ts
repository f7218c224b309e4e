import type { Issuance } from '@banyan/ca';
import { type ChainPlace, sha256Hex } from '@banyan/kernel';

/** An issuance in its place. */
export interface LedgerEntry {
  /** Counts up by one, from 1, in each datacenter. */
  readonly seq: number;
  readonly issuance: Issuance;
  /** The server that signed. */
  readonly server: string;
  /** The hash of the entry before; of the first one {@link genesisHash}. */
  readonly prevHash: string;
  readonly hash: string;
}

/** Times as everywhere in the API: RFC 3339 in UTC with milliseconds. */
export const timeText = (ms: number): string => new Date(ms).toISOString();

/** What the first entry of a datacenter's chain follows: a chain cannot be passed off as another datacenter's. */
export const genesisHash = (datacenter: string): string => sha256Hex(`banyan issuance ledger of ${datacenter}`);

/**
 * SHA-256 of the JSON array of an entry's values, in the order in which the export writes them, without white space;
 * the hash itself left out. Anybody can repeat it from an exported line.
 */
export const entryHash = ({ seq, issuance, server, prevHash }: Omit<LedgerEntry, 'hash'>): string =>
  sha256Hex(
    JSON.stringify([
      seq,
      issuance.kind,
      issuance.serialHex,
      issuance.uri,
      issuance.subject,
      issuance.issuerKeyId,
      issuance.rootId,
      issuance.requester.accessorId,
      issuance.requester.node,
      issuance.requester.reason,
      timeText(issuance.notBefore),
      timeText(issuance.notAfter),
      timeText(issuance.issuedAt),
      server,
      prevHash,
    ]),
  );

/** Puts issuances behind a place of the chain, in their order. */
export const chained = (after: ChainPlace, issuances: readonly Issuance[], server: string): readonly LedgerEntry[] => {
  const entries: LedgerEntry[] = [];
  let { seq, hash: prevHash } = after;
  for (const issuance of issuances) {
    seq += 1;
    const entry = { seq, issuance, server, prevHash };
    const hash = entryHash(entry);
    entries.push({ ...entry, hash });
    prevHash = hash;
  }
  return entries;
};
