import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HOUR, SECOND } from '@banyan/kernel';
import { withTestStore } from '@banyan/testkit';
import { ANA, ENTITIES, type EngineUnderTest, startEngine } from './engine-fixture.js';

const stores = withTestStore(ENTITIES);
const LEAF_LIFE_MS = 72 * HOUR;
let t: EngineUnderTest;
beforeEach(async () => {
  t = await startEngine(stores);
});
afterEach(() => t.stop());

/** As a primary takes it back after a restore: trusted, without a key, and no record of how it came. */
const takeBack = async (rootId: string): Promise<void> => {
  await t.store.dataSource.query(`INSERT INTO fake_root VALUES ($1, 'inactive', 0)`, [rootId]);
  await t.steps.load();
};
const lookTwice = async (): Promise<void> => {
  await t.step();
  t.time.jump(10 * SECOND);
  await t.step();
};
const only = () => {
  expect(t.projection.list()).toHaveLength(1);
  return t.projection.list()[0]!.rotation;
};

describe('a root of which no rotation knows', () => {
  it('gets a record in retire once it surely has none, and the journal says why', async () => {
    await takeBack('R9');
    await t.step();
    expect(t.projection.list()).toEqual([]);
    await lookTwice();
    await lookTwice();
    expect(only()).toMatchObject({
      phase: 'retire',
      requester: '',
      rootId: 'R1',
      previousRootId: 'R9',
      reason: 'planned',
      plan: { intent: { kind: 'retire' }, growth: { bundleBytes: 0, chainBytes: 0 } },
    });
    expect(only().journal[0]).toMatchObject({
      actor: 'banyan',
      event: 'start',
      text: expect.stringContaining('taken back after a restore'),
    });
    expect(t.logger.lines.map(({ message }) => message)).toContain('a root without a rotation is to retire');
  });

  it('stays while a leaf under it is known, and after that for a leaf’s life: a restored primary forgot its own', async () => {
    await takeBack('R9');
    await lookTwice();
    const moved = { agents: { total: 2, live: 2, trusting: { R1: 2 } }, leaves: { R1: 4 }, horizons: {} };
    t.evidence.said = () => ({ ...moved, leaves: { R1: 3, R9: 1 } });
    await lookTwice();
    expect(only().gates.retire).toMatchObject({
      met: false,
      blockers: [{ reason: 'leaves' }, { reason: 'leaves' }, { reason: 'shadow' }, { reason: 'shadow' }],
    });
    t.evidence.said = () => moved;
    t.time.jump(LEAF_LIFE_MS);
    await t.step();
    expect(only().phase).toBe('retire');
    t.time.jump(LEAF_LIFE_MS * 0.1);
    await t.step();
    expect(only().phase).toBe('completed');
    expect(await t.steps.states()).toEqual({ R1: 'active' });
    await t.steps.load();
    await lookTwice();
    expect(t.projection.list()).toHaveLength(1);
  });

  it('offers no way back to it, and leaves at once when a person says so', async () => {
    await takeBack('R9');
    await lookTwice();
    const { id } = only();
    await expect(t.engine.act(id, { verb: 'rollback' }, ANA)).rejects.toThrow(
      /nothing was rotated.*Possible: pause, waive, retire\./,
    );
    expect((await t.engine.act(id, { verb: 'retire', reason: 'known' }, ANA)).phase).toBe('completed');
    expect(await t.steps.states()).toEqual({ R1: 'active' });
  });

  it('keeps its record to itself: a rotation that is under way leads its own root to its end', async () => {
    const id = await t.start();
    await t.step();
    t.evidence.all('trusts', t.projection.find(id)!.rotation.rootId);
    await t.step();
    await lookTwice();
    await lookTwice();
    expect(await t.steps.states()).toMatchObject({ R1: 'inactive' });
    expect(only().id).toBe(id);
  });
});
