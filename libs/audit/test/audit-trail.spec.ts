import { EventEmitter, once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BanyanError, contentHash, epochMs, type EpochMs, HOUR, MINUTE } from '@banyan/kernel';
import type { Fence, Store, Transaction } from '@banyan/store';
import { eventually, FakeTime, type HeldLease, holdLease, RecordingLogger, withTestStore } from '@banyan/testkit';
import {
  AuditAct,
  AuditRetention,
  type AuditTrail,
  outcomeOf,
  recordedAct,
  type ServerPlaces,
  StoreAuditReader,
} from '../src/index.js';
import { clockAt, factsOf, secondStore, START, trailOn } from './records.js';

const never = new AbortController().signal;
const stores = withTestStore();

let shared: Store | undefined;
let store: Store;
let now: { at: EpochMs };
let logger: RecordingLogger;
let trail: AuditTrail;
let reader: StoreAuditReader;
beforeEach(async () => {
  store = shared ??= await stores.open();
  await statement('TRUNCATE audit_entry, audit_head, audit_checkpoint');
  now = { at: START };
  logger = new RecordingLogger();
  trail = trailOn(store, { clock: clockAt(now), logger });
  reader = new StoreAuditReader(store, 'dc1');
});

afterEach(() => trail.stop());
/** For what no other test would stand. */
const onItsOwn = async (url?: string): Promise<void> => {
  store = await stores.open(url === undefined ? {} : { url });
  trail = trailOn(store, { clock: clockAt(now), logger });
  reader = new StoreAuditReader(store, 'dc1');
};
const statement = (text: string): Promise<unknown> => store.dataSource.query(text);
const entries = () => reader.search({ limit: 1_000, after: 0 });
const verified = () => reader.verify(never);
/** A write as the rooms make them: a row that is logged under an index. */
const stagedWrite = (tx: Transaction, key = 'api'): void =>
  tx.stage({
    topic: 'intention',
    key,
    operation: 'upsert',
    contentHash: contentHash(key),
    write: async () => {},
  });
const write = (to = store): Promise<unknown> => to.run(async (tx) => stagedWrite(tx));
const refused = (part: Parameters<typeof factsOf>[0] = {}, code = 'PERMISSION_DENIED', by = trail): Promise<void> =>
  by.close(new AuditAct(factsOf(part)), outcomeOf(code));

const placesOf = (servers: ServerPlaces): object =>
  Object.fromEntries([...servers].map(([name, { seq }]) => [name, seq]));
const written = async (count: number): Promise<void> => {
  for (let n = 0; n < count; n += 1) await recordedAct(trail, factsOf({ accessorId: `a${n}` }), () => write());
};
const step = async (n: number, part: Parameters<typeof factsOf>[0], code = ''): Promise<void> => {
  now.at = epochMs(START + n * HOUR);
  await trail.close(new AuditAct(factsOf(part)), outcomeOf(code));
};
const seqs = async (question: object) => (await reader.search({ limit: 10, ...question })).map(({ seq }) => seq);

describe('an act that writes', () => {
  it('commits together with its entry: who, what, from where, before and after', async () => {
    const facts = factsOf({ before: { Action: 'deny' } });
    await recordedAct(trail, facts, () => write());
    const [entry, ...others] = await entries();
    expect(others).toEqual([]);
    expect(entry).toMatchObject({ ...facts, seq: 1, serverSeq: 1, server: 'server-1', datacenter: 'dc1', at: START });
    expect(entry).toMatchObject({ result: 'ok', code: '' });
    expect(await verified()).toMatchObject({ valid: true, entries: 1, head: { seq: 1, hash: entry!.hash } });
    expect(trail.counts).toMatchObject({ ok: 1, lost: 0 });
  });

  it('has its entry before the answer: as soon as the write can be seen, whatever becomes of the process', async () => {
    let seen: readonly unknown[] = [];
    await recordedAct(trail, factsOf(), async () => {
      await write();
      // Nothing of the act is closed yet: this is what a process that dies here leaves.
      seen = (await entries()).map(({ action }) => action);
    });
    expect(seen).toEqual(['intention.write']);
  });

  it('leaves no entry of success when its transaction is undone, but one of failure', async () => {
    const failing = recordedAct(trail, factsOf(), () =>
      store.run(async (tx) => {
        stagedWrite(tx);
        throw new BanyanError('INTENTION_INVALID', 'no');
      }),
    );
    await expect(failing).rejects.toMatchObject({ name: 'BanyanError', code: 'INTENTION_INVALID' });
    expect(await entries()).toMatchObject([{ result: 'failed', code: 'INTENTION_INVALID' }]);
  });

  it('is undone when its entry cannot be written', async () => {
    await onItsOwn();
    await statement('DROP TABLE audit_entry');
    const index = await store.currentIndex();
    await expect(recordedAct(trail, factsOf(), () => write())).rejects.toBeInstanceOf(Error);
    expect(await store.currentIndex()).toBe(index);
  });

  it('takes its target from what it writes when only that names it, and has one entry however much it writes', async () => {
    await recordedAct(trail, factsOf({ target: '' }), async () => {
      await store.run(async (tx) => stagedWrite(tx, 'made-up-here'));
      await write();
    });
    expect(await entries()).toMatchObject([{ target: 'intention/made-up-here', result: 'ok' }]);
  });

  it('has two entries when its first write stands and the rest fails', async () => {
    const half = recordedAct(trail, factsOf(), async () => {
      await write();
      throw new BanyanError('TIMEOUT', 'slow');
    });
    await expect(half).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(await entries()).toMatchObject([{ result: 'ok' }, { result: 'failed', code: 'TIMEOUT' }]);
  });

  it('does not claim what is written by others, or later by what it set off', async () => {
    let later: Promise<unknown> = Promise.resolve();
    const gate = new EventEmitter();
    const gone = once(gate, 'open');
    await recordedAct(trail, factsOf(), async () => {
      later = gone.then(() => write());
    });
    gate.emit('open');
    await later;
    await write();
    expect((await entries()).map(({ result }) => result)).toEqual(['ok']);
  });

  it('is not recorded where another datacenter carried it out', async () => {
    await recordedAct(trail, factsOf(), async (act) => act.executedElsewhere());
    expect(await entries()).toEqual([]);
  });
});

describe('a trail of two servers', () => {
  it('is joined without a gap when both write at the same time, and each has its own chain', async () => {
    const url = await stores.freshUrl();
    await onItsOwn(url);
    const other = await secondStore(url);
    try {
      const second = trailOn(other, { server: 'server-2' });
      const acts = [
        [trail, store],
        [second, other],
      ] as const;
      const loads = acts.flatMap(([by, on]) =>
        Array.from({ length: 5 }, async (_, n) => {
          for (let k = 0; k < 10; k += 1) {
            await recordedAct(by, factsOf(), () => write(on));
            await by.close(new AuditAct(factsOf({ accessorId: `${n}-${k}` })), outcomeOf(''));
          }
        }),
      );
      await Promise.all(loads);
      const proof = await verified();
      expect(proof).toMatchObject({ valid: true, entries: 200, head: { seq: 200 } });
      expect(placesOf(proof.servers)).toEqual({ 'server-1': 100, 'server-2': 100 });
    } finally {
      await other.close();
    }
  });
});

describe('refusals', () => {
  it('are recorded, and a flood of one kind is counted and told in one entry', async () => {
    const time = new FakeTime();
    trail = trailOn(store, time);
    const flood = Array.from({ length: 1_000 }, (_, n) => refused({ remoteAddress: `10.0.0.9:${n}` }));
    await time.advance(5);
    await Promise.all(flood);
    expect(await entries()).toHaveLength(5);
    expect(trail.counts).toMatchObject({ denied: 5, counted: 995 });
    await time.advance(MINUTE);
    await time.advance(5);
    await eventually('the counted ones are told', () => trail.counts.denied === 6);
    expect((await entries()).at(-1)).toMatchObject({
      action: 'intention.write',
      accessorId: 'acc-1',
      result: 'denied',
      code: 'PERMISSION_DENIED',
      after: { More: 995, Since: '2031-01-01T00:00:00.000Z' },
    });
  });

  it('that were only counted are told when the server stops', async () => {
    await Promise.all(Array.from({ length: 7 }, () => refused()));
    await trail.stop();
    expect((await entries()).at(-1)).toMatchObject({ after: { More: 2 } });
  });

  it('of others are not hidden by a flood', async () => {
    await Promise.all(Array.from({ length: 500 }, () => refused()));
    await refused({ accessorId: 'acc-2' });
    await refused({}, 'TIMEOUT');
    expect((await entries()).slice(5)).toMatchObject([
      { accessorId: 'acc-2', result: 'denied' },
      { accessorId: 'acc-1', result: 'failed', code: 'TIMEOUT' },
    ]);
  });
});

describe('damage', () => {
  it.each([
    ['a removed row', 'DELETE FROM audit_entry WHERE seq = 2', 2, 'missing'],
    ['a changed field', `UPDATE audit_entry SET accessor_id = 'eve' WHERE seq = 2`, 2, 'changed'],
    ['a changed state', `UPDATE audit_entry SET after_json = '{"Action":"deny"}' WHERE seq = 2`, 2, 'changed'],
    ['a state that is no JSON', `UPDATE audit_entry SET before_json = '{' WHERE seq = 2`, 2, 'changed'],
    ['a cut tail', 'DELETE FROM audit_entry WHERE seq > 2', 4, 'end'],
    ['swapped servers', `UPDATE audit_entry SET server = 'server-9' WHERE seq = 3`, 3, 'changed'],
  ])('by %s is found and named', async (_what, change, seq, kind) => {
    await written(4);
    await statement(change);
    expect(await verified()).toMatchObject({ valid: false, firstBreak: { seq, kind } });
  });

  it('by a tail that was cut together with its heads is found through what was noted, and by who wrote it', async () => {
    await written(4);
    const { head } = await verified();
    await statement(`DELETE FROM audit_entry WHERE seq > 2`);
    await statement(`UPDATE audit_head SET seq = 2, hash = (SELECT hash FROM audit_entry WHERE seq = 2)`);
    expect(await verified()).toMatchObject({ valid: true });
    expect(await reader.verify(never, head)).toMatchObject({ valid: false, firstBreak: { seq: 4, kind: 'anchor' } });
    await written(1);
    const after = await entries();
    expect(after.slice(2)).toMatchObject([
      { action: 'audit.broken', code: 'AUDIT_BROKEN', after: { ExpectedSeq: 4, FoundSeq: 2 } },
      { action: 'intention.write' },
    ]);
    expect(trail.note).toContain('AUDIT_BROKEN');
    await written(1);
    expect((await entries()).map(({ action }) => action)).toEqual([
      ...Array.from({ length: 2 }, () => 'intention.write'),
      'audit.broken',
      ...Array.from({ length: 2 }, () => 'intention.write'),
    ]);
  });

  it('by a head that was set back is never written over', async () => {
    await written(3);
    await statement(`UPDATE audit_head SET seq = 2, hash = (SELECT hash FROM audit_entry WHERE seq = 2)`);
    await expect(recordedAct(trail, factsOf(), () => write())).rejects.toMatchObject({ code: 'CONFLICT' });
    await refused();
    expect(logger.lines.some(({ message }) => message === 'an act was not recorded')).toBe(true);
    expect(await entries()).toHaveLength(3);
  });
});

describe('the policy while records fail', () => {
  const failing = { failing: 'file x: ENOSPC', wake: () => {} };

  it('refuses acts, or says so and goes on', async () => {
    trail.copiedBy(failing);
    await recordedAct(trail, factsOf(), () => write());
    expect([trail.note, (await entries()).length]).toEqual([failing.failing, 1]);
    const strict = trailOn(store, { onFailure: 'refuse' });
    strict.copiedBy(failing);
    let isDone = false;
    const act = recordedAct(strict, factsOf(), async () => (isDone = true));
    await expect(act).rejects.toBeInstanceOf(BanyanError);
    await expect(act).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    expect(isDone).toBe(false);
    expect((await entries()).at(-1)).toMatchObject({ result: 'failed', code: 'AUDIT_UNAVAILABLE' });
  });

  it('answers what was done and could not be recorded as such', async () => {
    await onItsOwn();
    const strict = trailOn(store, { onFailure: 'refuse', logger });
    await statement('ALTER TABLE audit_entry RENAME TO elsewhere');
    const act = recordedAct(strict, factsOf(), async () => {});
    await expect(act).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    expect(strict.counts.lost).toBe(1);
  });
});

describe('a search in the trail', () => {
  it('finds by actor, action, result and time, and pages in both directions', async () => {
    await step(0, {});
    await step(1, { action: 'rotation.start', accessorId: 'acc-2', tokenName: 'bob' });
    await step(2, { action: 'rotation.pause' });
    await step(3, { action: 'token.create' }, 'PERMISSION_DENIED');
    expect(await seqs({})).toEqual([4, 3, 2, 1]);
    expect(await seqs({ actor: 'acc-2' })).toEqual([2]);
    expect(await seqs({ actor: 'bob' })).toEqual([2]);
    expect(await seqs({ action: 'rotation.' })).toEqual([3, 2]);
    expect(await seqs({ action: 'rotation' })).toEqual([]);
    expect(await seqs({ result: 'denied' })).toEqual([4]);
    expect(await seqs({ since: epochMs(START + HOUR), until: epochMs(START + 3 * HOUR) })).toEqual([3, 2]);
    expect(await seqs({ before: 4, limit: 2 })).toEqual([3, 2]);
    expect(await seqs({ after: 1, limit: 2 })).toEqual([2, 3]);
  });
});

describe('retention', () => {
  let lease: HeldLease;
  let fence: Fence;
  beforeEach(async () => {
    lease = await holdLease(store);
    fence = lease.fence;
  });
  afterEach(() => lease.release());

  it('takes away a prefix and leaves its places, so that the rest is still proved', async () => {
    const other = trailOn(store, { server: 'server-2', clock: clockAt(now) });
    for (let n = 0; n < 6; n += 1) {
      now.at = epochMs(START + n * HOUR);
      await (n % 2 === 0 ? trail : other).close(new AuditAct(factsOf()), outcomeOf(''));
    }
    const retention = new AuditRetention({ datacenter: 'dc1', store, keepMs: 3 * HOUR });
    expect(await retention.trim(epochMs(START + 6 * HOUR), fence)).toBe(3);
    const proof = await verified();
    expect(proof).toMatchObject({ valid: true, entries: 3, checkpoint: { datacenter: { seq: 3 } }, head: { seq: 6 } });
    expect(placesOf(proof.checkpoint.servers)).toEqual({ 'server-1': 2, 'server-2': 1 });
    expect(await retention.trim(epochMs(START + 100 * HOUR), fence)).toBe(3);
    expect(await verified()).toMatchObject({ valid: true, entries: 0, head: { seq: 6 } });
    await trail.close(new AuditAct(factsOf()), outcomeOf(''));
    expect(await verified()).toMatchObject({ valid: true, entries: 1, head: { seq: 7 } });
  });

  it('takes away nothing that does not hold', async () => {
    for (let n = 0; n < 3; n += 1) await trail.close(new AuditAct(factsOf()), outcomeOf(''));
    await statement(`UPDATE audit_entry SET target = 'x' WHERE seq = 2`);
    const retention = new AuditRetention({ datacenter: 'dc1', store, keepMs: HOUR });
    const trim = retention.trim(epochMs(START + 6 * HOUR), fence);
    await expect(trim).rejects.toBeInstanceOf(BanyanError);
    await expect(trim).rejects.toMatchObject({ code: 'AUDIT_BROKEN' });
    expect(await entries()).toHaveLength(3);
  });
});
