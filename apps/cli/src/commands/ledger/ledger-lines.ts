import { BanyanError, ChainCheck, type ChainPlace, parsedJson, sha256Hex } from '@banyan/kernel';
import { z } from 'zod';
import type { Proof } from '../trail/proof.js';

const entryShape = z.looseObject({ Seq: z.int().min(1), PrevHash: z.string(), Hash: z.string() });
type Entry = z.infer<typeof entryShape>;

/** SHA-256 of the JSON array of an exported line's values, its own hash left out. */
const hashOf = (entry: Entry): string => {
  const { Hash: _own, ...covered } = entry;
  return sha256Hex(JSON.stringify(Object.values(covered)));
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
    const parsed = entryShape.safeParse(parsedJson(text));
    if (!parsed.success) {
      const seq = (check?.place.seq ?? 0) + 1;
      const broken = { Seq: seq, Kind: 'changed', Detail: `line ${line} is no entry of a ledger`, Line: line };
      return { Valid: false, Entries: check?.entries ?? 0, Break: broken };
    }
    if (check === undefined) {
      beginning = { seq: parsed.data.Seq - 1, hash: parsed.data.PrevHash };
      check = new ChainCheck({
        name: 'the ledger',
        linkOf: ({ Seq, Hash, PrevHash }) => ({ seq: Seq, hash: Hash, prevHash: PrevHash }),
        hashOf,
        beginning,
        anchor,
      });
    }
    if (!check.follow([parsed.data])) break;
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
