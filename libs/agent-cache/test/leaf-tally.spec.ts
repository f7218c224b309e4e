import { epochMs, SystemClock } from '@banyan/kernel';
import { describe, expect, it } from '@jest/globals';
import { LeafTally } from '../src/domain/leaf-tally.js';
import { SigningGate } from '../src/adapters/signing-gate.js';

const at = (second: number) => epochMs(1_800_000_000_000 + second * 1_000);

describe('a tally of leaves', () => {
  it('counts by root, and knows the oldest after it has gone', () => {
    const tally = new LeafTally();
    tally.add({ rootId: 'r1', notBefore: at(5) });
    tally.add({ rootId: 'r1', notBefore: at(3) });
    tally.add({ rootId: 'r2', notBefore: at(9) });
    expect(tally.summary()).toEqual({ byRoot: { r1: 2, r2: 1 }, byKey: {}, oldestAt: at(3), rateLimited: 0 });
    tally.remove({ rootId: 'r1', notBefore: at(3) });
    expect(tally.summary()).toEqual({ byRoot: { r1: 1, r2: 1 }, byKey: {}, oldestAt: at(5), rateLimited: 0 });
    tally.add({ rootId: 'r2', notBefore: at(1) });
    expect(tally.summary().oldestAt).toBe(at(1));
  });

  it('of 10,000 leaves that are all renewed costs a few milliseconds', () => {
    const tally = new LeafTally();
    const clock = new SystemClock();
    const startedAt = clock.now();
    for (let leaf = 0; leaf < 10_000; leaf += 1) tally.add({ rootId: 'r1', notBefore: at(leaf % 3_600) });
    for (let leaf = 0; leaf < 10_000; leaf += 1) {
      tally.add({ rootId: 'r2', notBefore: at(10_000) });
      tally.remove({ rootId: 'r1', notBefore: at(leaf % 3_600) });
      if (leaf % 100 === 0) tally.summary();
    }
    expect(tally.summary()).toEqual({ byRoot: { r2: 10_000 }, byKey: {}, oldestAt: at(10_000), rateLimited: 0 });
    // Counting all leaves with every change would take 10,000 × 10,000 steps: minutes.
    expect(clock.now() - startedAt).toBeLessThan(2_000);
  });
});

describe('the gate of requests', () => {
  it('gives a place back when the work fails, and lets the waited-for in first', async () => {
    const gate = new SigningGate(1);
    const order: string[] = [];
    let end!: (error?: Error) => void;
    const failing = gate.run(
      () => new Promise<void>((resolve, reject) => (end = (error) => (error ? reject(error) : resolve()))),
      { first: false },
    );
    const note = (name: string, first: boolean): Promise<void> =>
      gate.run(async () => void order.push(name), { first });
    const rest = [note('renewal', false), note('first', true)];
    expect([gate.waiting, order]).toEqual([2, []]);
    end(new Error('no'));
    await expect(failing).rejects.toThrow('no');
    await Promise.all(rest);
    expect([gate.waiting, order]).toEqual([0, ['first', 'renewal']]);
    await note('later', false);
    expect(order).toHaveLength(3);
  });
});
