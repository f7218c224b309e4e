import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { verifyLedgerLines } from './ledger-lines.js';

const BEFORE = 'a'.repeat(64);

/** Lines as the export writes them: the members in its order, each after the hash of the one before. */
const chained = (first: number, count: number): readonly string[] => {
  let PrevHash = BEFORE;
  return Array.from({ length: count }, (_, position) => {
    const covered = { Seq: first + position, Kind: 'service', Reason: 'first', PrevHash };
    const Hash = createHash('sha256')
      .update(JSON.stringify(Object.values(covered)))
      .digest('hex');
    PrevHash = Hash;
    return JSON.stringify({ ...covered, Hash });
  });
};

async function* each(lines: readonly string[]): AsyncGenerator<string> {
  await Promise.resolve();
  yield* lines;
}

const verify = (
  lines: readonly string[],
  ...anchor: Parameters<typeof verifyLedgerLines> extends [unknown, ...infer A] ? A : never
) => verifyLedgerLines(each(lines), ...anchor);

const hashIn = (line: string): string => (JSON.parse(line) as { Hash: string }).Hash;

describe('verifyLedgerLines', () => {
  it('proves lines from wherever they begin, and says where that is and where they end', async () => {
    const lines = chained(7, 3);
    expect(await verify([...lines, ''])).toEqual({
      Valid: true,
      Entries: 3,
      Checkpoint: { Seq: 6, Hash: BEFORE },
      Head: { Seq: 9, Hash: hashIn(lines[2]!) },
    });
  });

  it.each([
    ['a changed value', (lines: string[]) => lines.with(1, lines[1]!.replace('first', 'taint')), 'changed', 2],
    ['a line that is gone', (lines: string[]) => lines.toSpliced(1, 1), 'missing', 2],
    [
      'a line with one member more',
      (lines: string[]) => lines.with(2, lines[2]!.replace('{', '{"X":1,')),
      'changed',
      3,
    ],
    ['no JSON', (lines: string[]) => lines.with(1, 'nonsense'), 'changed', 2],
    ['lines of another chain', (lines: string[]) => [...lines.slice(0, 2), ...chained(3, 2)], 'unlinked', 3],
  ])('names the first break of %s', async (_what, change, Kind, Seq) => {
    expect(await verify(change([...chained(1, 4)]))).toMatchObject({ Valid: false, Break: { Kind, Seq } });
  });

  it('holds them to a place that was noted', async () => {
    const lines = chained(1, 3);
    expect(await verify(lines, { seq: 2, hash: hashIn(lines[1]!) })).toMatchObject({ Valid: true });
    expect(await verify(lines, { seq: 2, hash: BEFORE })).toMatchObject({ Valid: false, Break: { Kind: 'anchor' } });
    expect(await verify(lines, { seq: 9, hash: BEFORE })).toMatchObject({ Valid: false, Break: { Kind: 'anchor' } });
  });

  it('refuses to prove nothing', async () => {
    await expect(verify([''])).rejects.toMatchObject({ name: 'BanyanError', code: 'CONFIG_INVALID' });
  });
});
