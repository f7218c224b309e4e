import { BanyanError, ChainCheck, type ChainLink, type ChainPlace, parsedJson, sha256Hex } from '@banyan/kernel';
import { z } from 'zod';
import type { Proof } from '../trail/proof.js';

const linkShape = z.looseObject({ Seq: z.int().min(1), PrevHash: z.string(), Hash: z.string() });

/** A line as a link of the chain, and what its hash should be. */
interface Entry extends ChainLink {
  readonly expected: string;
}

/** The hash covers the values of a line in the order in which they stand there, its own left out, as a JSON array. */
const entryOf = (line: string): Entry | undefined => {
  const value = parsedJson(line);
  const link = linkShape.safeParse(value);
  if (!link.success) return undefined;
  const covered = Object.entries(value as object).filter(([name]) => name !== 'Hash');
  return {
    seq: link.data.Seq,
    hash: link.data.Hash,
    prevHash: link.data.PrevHash,
    expected: sha256Hex(JSON.stringify(covered.map(([, each]) => each as unknown))),
  };
};

const wirePlace = ({ seq, hash }: ChainPlace): { readonly Seq: number; readonly Hash: string } => ({
  Seq: seq,
  Hash: hash,
});

/**
 * Proves the lines of an export by themselves. What stood before the first of them, and whether the last one is the newest,
 * only an anchor or the server can tell. Throws `CONFIG_INVALID` when there is no line.
 */
export const verifyLedgerLines = async (lines: AsyncIterable<string>, anchor?: ChainPlace): Promise<Proof> => {
  let check: ChainCheck<Entry> | undefined;
  let beginning: ChainPlace = { seq: 0, hash: '' };
  let line = 0;
  for await (const text of lines) {
    line += 1;
    if (text.trim() === '') continue;
    const entry = entryOf(text);
    if (entry === undefined) {
      const seq = (check?.place.seq ?? 0) + 1;
      const broken = { Seq: seq, Kind: 'changed', Detail: `line ${line} is no entry of a ledger`, Line: line };
      return { Valid: false, Entries: check?.entries ?? 0, Break: broken };
    }
    if (check === undefined) {
      beginning = { seq: entry.seq - 1, hash: entry.prevHash };
      check = new ChainCheck({
        name: 'the ledger',
        linkOf: (each) => each,
        hashOf: ({ expected }) => expected,
        beginning,
        anchor,
      });
    }
    if (!check.follow([entry])) break;
  }
  if (check === undefined) throw new BanyanError('CONFIG_INVALID', 'there is no entry to prove');
  const broken = check.end(check.place);
  return {
    Valid: broken === undefined,
    Entries: check.entries,
    Checkpoint: wirePlace(beginning),
    Head: wirePlace(check.place),
    ...(broken !== undefined && { Break: { Seq: broken.seq, Kind: broken.kind, Detail: broken.detail } }),
  };
};
