import { EventEmitter, once } from 'node:events';
import { SystemTimers, stateIndex } from '@banyan/kernel';
import { FakeTime, withTestStore } from '@banyan/testkit';
import { describe, expect, it } from '@jest/globals';
import { WriteSlots, writeSlotsOf } from '../domain/write-slots.js';
import type { Transaction } from '../index.js';

const stores = withTestStore();

const stageNode = (tx: Transaction, key: string): Promise<void> => {
  tx.stage({ topic: 'node', key, operation: 'upsert', contentHash: 'h', write: () => Promise.resolve() });
  return Promise.resolve();
};

describe('a pool that is full of writes', () => {
  it('still follows the log: a write of another server is seen while none of them ends', async () => {
    const url = await stores.freshUrl();
    const [store, other] = [await stores.open({ url, poolSize: 4 }), await stores.open({ url, poolSize: 2 })];
    const gate = new EventEmitter();
    const ended = once(gate, 'open');
    const writes = Array.from({ length: 30 }, (_, at) =>
      store.run(async (tx) => {
        await ended;
        await stageNode(tx, `late-${at}`);
      }),
    );
    try {
      const { index } = await other.run((tx) => stageNode(tx, 'early'));
      const page = store.changesAfter(stateIndex(1), 10);
      const limit = new SystemTimers().sleep(4_000).then(() => 'the log waits behind the writes');
      expect(await Promise.race([page, limit])).toMatchObject({ latest: index, changes: [{ key: 'early' }] });
    } finally {
      gate.emit('open');
    }
    expect(new Set((await Promise.all(writes)).map((write) => write.index)).size).toBe(30);
  });
});

describe('WriteSlots', () => {
  it('keeps a third of the pool free, but never all of it', () => {
    expect([1, 2, 3, 4, 10, 30].map(writeSlotsOf)).toEqual([1, 1, 2, 2, 6, 20]);
  });

  it('admits in order, refuses who waited too long with STORE_UNREACHABLE, and loses no slot by that or by a failure', async () => {
    const time = new FakeTime();
    const slots = new WriteSlots(1, { timers: time.timers, waitMs: 1_000 });
    const order: string[] = [];
    const gate = new EventEmitter();
    const ended = once(gate, 'open');
    const first = slots.run(() => ended);
    const refused = slots.run(() => Promise.resolve(order.push('too late')));
    const refusal = expect(refused).rejects.toMatchObject({ name: 'BanyanError', code: 'STORE_UNREACHABLE' });
    await time.advance(600);
    const failed = slots.run(() => Promise.reject(new TypeError(String(order.push('second')))));
    const failure = expect(failed).rejects.toThrow(TypeError);
    const third = slots.run(() => Promise.resolve(order.push('third')));
    await time.advance(500);
    await refusal;
    expect(slots.waiting).toBe(2);
    gate.emit('open');
    await Promise.all([first, failure, third]);
    expect(order).toEqual(['second', 'third']);
    expect(await slots.run(() => Promise.resolve('free again'))).toBe('free again');
  });
});
