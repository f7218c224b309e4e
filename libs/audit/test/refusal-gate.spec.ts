import { describe, expect, it } from '@jest/globals';
import { epochMs } from '@banyan/kernel';
import { RefusalGate } from '../src/domain/refusal-gate.js';

const at = (ms: number) => epochMs(1_000_000 + ms);
const gate = () => new RefusalGate<string>({ windowMs: 100, ofOneKind: 2, altogether: 5, kinds: 4 });
const knock = (on: RefusalGate<string>, kind: string, times: number, ms = 0): number =>
  Array.from({ length: times }, () => on.admits(kind, kind, at(ms))).filter(Boolean).length;

describe('the gate of refusals', () => {
  it('records the first of a kind and counts the others, to be told when the window has passed', () => {
    const on = gate();
    expect(knock(on, 'a', 1_000)).toBe(2);
    expect(on.due(at(99))).toEqual([]);
    expect(on.due(at(100))).toEqual([{ first: 'a', more: 998, sameKind: true, since: at(0) }]);
    expect(on.counted).toBe(998);
    expect(knock(on, 'a', 3, 100)).toBe(2);
  });

  it('is bounded over all kinds, and in how many it tells apart', () => {
    const on = gate();
    const kinds = Array.from({ length: 100 }, (_, n) => `k${n}`);
    const recorded = kinds.map((kind) => knock(on, kind, 10)).reduce((sum, each) => sum + each);
    expect(recorded).toBe(5);
    const told = on.due(at(100));
    expect(told.length).toBeLessThanOrEqual(5);
    expect(told.reduce((sum, { more }) => sum + more, recorded)).toBe(1_000);
    expect(told.filter(({ sameKind }) => !sameKind)).toHaveLength(1);
  });

  it('begins anew by itself when nothing was counted', () => {
    const on = gate();
    for (let window = 0; window < 5; window += 1) expect(knock(on, 'a', 2, window * 100)).toBe(2);
    expect(on.counted).toBe(0);
  });

  it('tells at once when it is asked to, and nothing when nothing was counted', () => {
    const on = gate();
    expect(on.due(at(0), true)).toEqual([]);
    knock(on, 'a', 3);
    expect(on.due(at(1), true)).toMatchObject([{ more: 1 }]);
    expect(on.due(at(1), true)).toEqual([]);
  });
});
