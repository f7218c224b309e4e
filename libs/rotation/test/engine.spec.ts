import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BanyanError, HOUR, MINUTE } from '@banyan/kernel';
import { DEFAULT_POLICY } from '@banyan/rotation';
import { withTestStore } from '@banyan/testkit';
import { ANA, Crash, crashingStore, ENTITIES, type EngineUnderTest, REQUEST, startEngine } from './engine-fixture.js';

const stores = withTestStore(ENTITIES);
let t: EngineUnderTest;
beforeEach(async () => {
  t = await startEngine(stores);
});
afterEach(() => t.stop());

const coded = (code: string) => expect.objectContaining({ name: 'BanyanError', code });
const rootOf = (id: string): string => t.projection.find(id)!.rotation.rootId!;
const TAINT = { rootId: 'R1', note: 'stolen laptop', policy: DEFAULT_POLICY };

/** Everybody follows as the rotation goes on; time passes until nothing is left to do. */
const finish = async (id: string): Promise<void> => {
  for (let turn = 0; turn < 12 && t.projection.find(id)!.rotation.finishedAt === undefined; turn += 1) {
    await t.step();
    const { phase, rootId } = t.projection.find(id)!.rotation;
    if (phase === 'distribute') t.evidence.all('trusts', rootId);
    if (phase === 'activate') t.evidence.all('moved', rootId);
    if (phase === 'verify' || phase === 'retire') t.time.jump(HOUR);
  }
};

describe('a rotation in the store', () => {
  it('starts by the hash of its plan only, and says what to do without one', async () => {
    const { hash, plan } = await t.engine.plan(REQUEST);
    expect(plan.totals).toMatchObject({ datacenters: 2, agents: 4, workloads: 8, signatures: 16, estimatedSeconds: 1 });
    const refused = t.engine.start(REQUEST, { planHash: undefined }, ANA);
    await expect(refused).rejects.toEqual(coded('ROTATION_PLAN_STALE'));
    await expect(refused).rejects.toThrow(`"DryRun": true`);
    await expect(refused).rejects.not.toThrow(hash);
    t.evidence.said = () => ({ leaves: { R1: 5 } });
    const stale = t.engine.start(REQUEST, { planHash: hash }, ANA);
    await expect(stale).rejects.toEqual(coded('ROTATION_PLAN_STALE'));
    await expect(stale).rejects.toThrow('since then the number of leaves changed. Repeat');
    const waits = { ...REQUEST, policy: { ...DEFAULT_POLICY, retireGraceMs: 0 } };
    const other = t.engine.start(waits, { planHash: hash }, ANA);
    await expect(other).rejects.toThrow('since then the waits, the number of leaves changed');
    await expect(t.engine.start(REQUEST, { planHash: 'abc' }, ANA)).rejects.toThrow('is the hash of no plan');
    expect(t.projection.list()).toEqual([]);
    expect((await t.engine.start(REQUEST, 'unplanned', ANA)).phase).toBe('prepare');
    expect(t.steps.orders).toEqual([]);
  });

  it('goes to its end, with the record and the roots always of one mind', async () => {
    const id = await t.start();
    await finish(id);
    const { rotation } = t.projection.find(id)!;
    expect(rotation.phase).toBe('completed');
    expect(await t.steps.states()).toEqual({ [rootOf(id)]: 'active' });
    expect(rotation.journal.map(({ from, event, to }) => `${from} ${event} ${to}`)).toEqual([
      'prepare start prepare',
      'prepare prepared distribute',
      'distribute evidence activate',
      'activate evidence verify',
      'verify evidence retire',
      'retire evidence completed',
    ]);
    const logged = t.logger.lines.filter(({ message }) => message === 'rotation step').map(({ fields }) => fields);
    expect(logged.map((fields) => `${String(fields?.['from'])}→${String(fields?.['to'])}`)).toEqual([
      'prepare→distribute',
      'distribute→activate',
      'activate→verify',
      'verify→retire',
      'retire→completed',
    ]);
  });

  it('keeps the order sealed until its root is active, and shows no secret anywhere', async () => {
    const secret = 'hunter2-hunter2';
    const options = { LeafCertTTL: '1h', PrivateKey: secret, Token: secret };
    const id = await t.start({ provider: 'vault', options });
    const rows = async () => JSON.stringify(await t.store.dataSource.query('SELECT * FROM rotation'));
    expect(await rows()).not.toContain(secret);
    expect(JSON.stringify(t.projection.list())).not.toContain(secret);
    expect(t.projection.find(id)!.rotation.order.options).toEqual({
      LeafCertTTL: '1h',
      PrivateKey: '<hidden>',
      Token: '<hidden>',
    });
    await t.step();
    expect(t.steps.orders[0]).toMatchObject({ provider: 'vault', options, crossSign: true, compromised: false });
    t.evidence.all('trusts', rootOf(id));
    await t.step();
    expect(t.phase(id)).toBe('activate');
    const [row] = await t.store.dataSource.query<{ sealed_order: unknown }[]>('SELECT sealed_order FROM rotation');
    expect(row?.sealed_order).toBeNull();
    expect(JSON.stringify(t.logger.lines)).not.toContain(secret);
  });

  it.each(['before', 'after'] as const)(
    'resumes from a crash %s every commit, and makes one root of it',
    async (when) => {
      let crashes = 0;
      const dies = async (atCommit: number): Promise<void> => {
        t.time.jump(1_000);
        const doomed = t.engineOver(crashingStore(t.store, atCommit, when));
        await doomed.step(t.fence, new AbortController().signal).catch((error: unknown) => {
          expect(error).toBeInstanceOf(Crash);
          crashes += 1;
        });
        // What a process that starts now reads is all there is.
        await t.projection.load();
        await t.steps.load();
      };
      const id = await t.start();
      for (let turn = 0; turn < 20 && t.projection.find(id)!.rotation.finishedAt === undefined; turn += 1) {
        await dies(1);
        if (when === 'before') await dies(2);
        const { phase, rootId } = t.projection.find(id)!.rotation;
        if (phase === 'distribute') t.evidence.all('trusts', rootId);
        if (phase === 'activate') t.evidence.all('moved', rootId);
        if (phase === 'verify' || phase === 'retire') t.time.jump(HOUR);
      }
      expect(t.phase(id)).toBe('completed');
      expect(await t.steps.states()).toEqual({ [rootOf(id)]: 'active' });
      expect(crashes).toBeGreaterThanOrEqual(5);
      expect(await t.steps.published()).toBe(1);
    },
  );

  it('shows what a step does before it is taken, and takes it by that hash only while it does', async () => {
    const id = await t.start();
    await t.step();
    const rollback = { verb: 'rollback', reason: 'no longer wanted' } as const;
    const seen = await t.engine.preview(id, rollback, ANA);
    expect(seen.effect.at(-1)).toContain(`Root ${rootOf(id)} leaves every bundle`);
    expect(t.phase(id)).toBe('distribute');
    t.evidence.all('trusts', rootOf(id));
    await t.step();
    const stale = t.engine.act(id, { ...rollback, planHash: seen.hash }, ANA);
    await expect(stale).rejects.toEqual(coded('ROTATION_PLAN_STALE'));
    expect(t.phase(id)).toBe('activate');
    const { hash } = await t.engine.preview(id, rollback, ANA);
    expect((await t.engine.act(id, { ...rollback, planHash: hash }, ANA)).phase).toBe('rolling-back');
    const nowhere = { verb: 'waive', datacenter: 'dc9', reason: '' } as const;
    await expect(t.engine.preview(id, nowhere, ANA)).rejects.toEqual(coded('DATACENTER_UNKNOWN'));
    await expect(t.engine.preview('no-such', rollback, ANA)).rejects.toEqual(coded('ROTATION_NOT_FOUND'));
    await expect(t.engine.preview(id, rollback, ANA)).rejects.toEqual(coded('ROTATION_STEP_ILLEGAL'));
  });

  it('refuses a second rotation by the name of the first one’s laggard, of two at once one', async () => {
    const both = await Promise.allSettled([
      t.engine.start(REQUEST, 'unplanned', ANA),
      t.engine.start(REQUEST, 'unplanned', ANA),
    ]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(both.find(({ status }) => status === 'rejected')).toMatchObject({ reason: coded('ROTATION_IN_PROGRESS') });
    await t.step();
    await t.step();
    const third = t.engine.start(REQUEST, 'unplanned', ANA);
    await expect(third).rejects.toThrow(/in phase distribute: it waits for dc1: its servers do not hold/);
  });

  it('lets the next one start while the first only waits for its end, and retires oldest first', async () => {
    const first = await t.start();
    await t.step();
    const one = rootOf(first);
    t.evidence.all('trusts', one);
    await t.step();
    t.evidence.all('moved', one);
    await t.step();
    expect(t.phase(first)).toBe('verify');
    const second = await t.start();
    await t.step();
    await expect(t.engine.act(first, { verb: 'rollback' }, ANA)).rejects.toThrow(/started later: roll it back first/);
    expect(await t.steps.states()).toEqual({ R1: 'inactive', [one]: 'active', [rootOf(second)]: 'next' });
    await t.engine.act(second, { verb: 'advance', reason: 'in a hurry' }, ANA);
    await t.engine.act(second, { verb: 'advance' }, ANA);
    await expect(t.engine.act(second, { verb: 'retire' }, ANA)).rejects.toEqual(coded('ROTATION_STEP_ILLEGAL'));
    expect(t.phase(second)).toBe('verify');
  });

  it('starts no rotation that adds a root more than a chain can lead to, and names the oldest that has not ended', async () => {
    const begun: string[] = [];
    for (let count = 0; count < 4; count += 1) {
      const id = await t.start();
      begun.push(id);
      await t.step();
      t.evidence.all('trusts', rootOf(id));
      await t.step();
      t.evidence.all('moved', rootOf(id));
      await t.step();
      expect(['verify', 'retire']).toContain(t.phase(id));
    }
    const fifth = t.engine.start(REQUEST, 'unplanned', ANA);
    await expect(fifth).rejects.toEqual(coded('ROTATION_IN_PROGRESS'));
    await expect(fifth).rejects.toThrow(`The oldest is ${begun[0]} in phase`);
    await t.engine.act(begun[0]!, { verb: 'retire' }, ANA);
    await expect(t.start()).resolves.toEqual(expect.any(String));
  });

  it('takes over for a compromised root: what the other had staged is gone with the same commit', async () => {
    const planned = await t.start();
    await t.step();
    const staged = rootOf(planned);
    const { hash } = await t.engine.planTaint(TAINT);
    const taint = await t.engine.taint(TAINT, { planHash: hash }, ANA);
    expect([t.phase(planned), taint.phase, taint.reason]).toEqual(['rolled-back', 'prepare', 'compromise']);
    expect(await t.steps.states()).toEqual({ R1: 'active' });
    await expect(t.engine.taint(TAINT, 'unplanned', ANA)).rejects.toEqual(coded('ROTATION_IN_PROGRESS'));
    await t.step();
    expect(t.steps.orders.at(-1)).toMatchObject({ crossSign: false, compromised: true });
    expect(rootOf(taint.id)).not.toBe(staged);
    t.time.jump(10 * MINUTE);
    await t.step();
    expect(t.phase(taint.id)).toBe('completed');
    expect(await t.steps.states()).toEqual({ [rootOf(taint.id)]: 'active' });
    expect(t.projection.find(taint.id)!.rotation.journal.at(-1)!.text).toContain('dc1');
  });

  it('drops a compromised root sooner when it is on its way out, and one of which nobody knows by the deadline', async () => {
    const id = await t.start();
    await t.step();
    t.evidence.all('trusts', rootOf(id));
    await t.step();
    t.evidence.all('moved', rootOf(id));
    await t.step();
    expect(t.phase(id)).toBe('verify');
    const same = await t.engine.taint(TAINT, 'unplanned', ANA);
    expect([same.id, same.phase, same.reason]).toEqual([id, 'retire', 'compromise']);
    expect(t.steps.tainted).toEqual(['R1']);
    await t.step();
    expect([t.phase(id), await t.steps.states()]).toEqual(['completed', { [rootOf(id)]: 'active' }]);
    await expect(t.engine.taint({ ...TAINT, rootId: 'R0' }, 'unplanned', ANA)).rejects.toEqual(
      coded('REQUEST_INVALID'),
    );
    const alone = await t.engine.taint(TAINT, 'unplanned', ANA);
    expect([alone.phase, alone.previousRootId]).toEqual(['retire', 'R1']);
  });

  it('takes the taint of a root that has left: by its ID while a record has it, else by its certificate', async () => {
    for (const root of [{ rootId: 'remembered' }, { rootId: 'forgotten', rootPem: 'its PEM' }]) {
      const taint = { ...TAINT, ...root };
      const { hash } = await t.engine.planTaint(taint);
      const { id, phase, previousRootId } = await t.engine.taint(taint, { planHash: hash }, ANA);
      expect([phase, previousRootId]).toEqual(['retire', root.rootId]);
      t.evidence.all('R1');
      await t.step();
      expect(t.phase(id)).toBe('completed');
    }
    expect(t.steps.tainted).toEqual(['remembered', 'forgotten']);
    expect(await t.steps.states()).toEqual({ R1: 'active' });
  });

  it('rolls back, and the roots with it', async () => {
    const id = await t.start();
    await t.step();
    t.evidence.all('trusts', rootOf(id));
    await t.step();
    const next = rootOf(id);
    expect(await t.steps.states()).toEqual({ R1: 'inactive', [next]: 'active' });
    await t.engine.act(id, { verb: 'rollback', reason: 'not today' }, ANA);
    expect(await t.steps.states()).toEqual({ R1: 'active', [next]: 'inactive' });
    t.evidence.said = () => ({ bundle: ['R1', next], agents: { total: 2, live: 2, trusting: { R1: 2 } } });
    await t.step();
    expect([t.phase(id), await t.steps.states()]).toEqual(['rolled-back', { R1: 'active' }]);
  });

  it('does not publish a root that was made while somebody paused', async () => {
    const id = await t.start();
    t.steps.during = async () => {
      t.steps.during = undefined;
      await t.engine.act(id, { verb: 'pause' }, ANA);
    };
    await t.step();
    expect([t.phase(id), await t.steps.states()]).toEqual(['prepare', { R1: 'active' }]);
    await t.step();
    expect(t.steps.orders).toHaveLength(1);
    await t.engine.act(id, { verb: 'resume' }, ANA);
    await t.step();
    expect(t.phase(id)).toBe('distribute');
  });

  it('waits for a provider that is away, and fails by the code of one that refuses', async () => {
    const id = await t.start();
    t.steps.failWith = new BanyanError('PROVIDER_UNREACHABLE', 'vault does not answer');
    await t.step();
    expect(t.projection.find(id)!.rotation).toMatchObject({
      phase: 'prepare',
      health: 'blocked',
      gates: { prepare: { blockers: [{ datacenter: 'dc1', reason: 'provider' }] } },
    });
    t.steps.failWith = new BanyanError('PROVIDER_REFUSED', 'permission denied on pki/root/sign-self-issued');
    await t.step();
    const { phase, failure } = t.projection.find(id)!.rotation;
    expect([phase, failure?.code]).toEqual(['failed', 'PROVIDER_REFUSED']);
    t.steps.failWith = undefined;
    expect(await t.start()).not.toBe(id);
  });

  it('refuses what makes no sense, each by its code, and changes nothing', async () => {
    const id = await t.start();
    const before = JSON.stringify(t.projection.list());
    const nobody = '00000000-0000-4000-8000-00000000dead';
    const act = (of: string, act: Parameters<typeof t.engine.act>[1]) => t.engine.act(of, act, ANA);
    await expect(act(nobody, { verb: 'pause' })).rejects.toEqual(coded('ROTATION_NOT_FOUND'));
    await expect(act('not-an-id', { verb: 'pause' })).rejects.toEqual(coded('ROTATION_NOT_FOUND'));
    await expect(act(id, { verb: 'advance' })).rejects.toThrow(/Possible: pause, rollback, waive\./);
    await expect(act(id, { verb: 'resume' })).rejects.toEqual(coded('ROTATION_STEP_ILLEGAL'));
    const typo = { verb: 'waive', datacenter: 'dc3', reason: 'x' } as const;
    await expect(act(id, typo)).rejects.toEqual(coded('DATACENTER_UNKNOWN'));
    await expect(act(id, typo)).rejects.toThrow('no datacenter has the name dc3, only dc1, dc2');
    await expect(act(nobody, typo)).rejects.toEqual(coded('ROTATION_NOT_FOUND'));
    await expect(t.engine.planTaint({ ...TAINT, rootId: 'R0' })).rejects.toEqual(coded('REQUEST_INVALID'));
    await expect(t.engine.plan({ ...REQUEST, options: { Nonsense: 1 } })).rejects.toEqual(coded('CA_CONFIG_INVALID'));
    t.steps.trialSays = { canCrossSign: false, cannotBecause: 'provide: Vault is sealed', faults: [] };
    const refused = t.engine.start(REQUEST, 'unplanned', ANA);
    await expect(refused).rejects.toEqual(coded('PROVIDER_CANNOT_CROSS_SIGN'));
    await expect(refused).rejects.toThrow('provide: Vault is sealed; set ForceWithoutCrossSigning');
    t.steps.trialSays = { canCrossSign: true, faults: ['sign-intermediate: the policy lacks create'] };
    const { plan } = await t.engine.plan(REQUEST);
    expect(plan.blockers).toContainEqual(
      expect.objectContaining({ reason: 'provider', detail: 'sign-intermediate: the policy lacks create' }),
    );
    await expect(t.engine.start(REQUEST, 'unplanned', ANA)).rejects.toEqual(coded('PROVIDER_REFUSED'));
    expect(JSON.stringify(t.projection.list())).toBe(before);
  });

  it('takes no step without the lease', async () => {
    const id = await t.start();
    const old = { ...t.fence, fencing: t.fence.fencing - 1 };
    const step = t.engine.step(old, new AbortController().signal);
    await expect(step).rejects.toEqual(coded('LEASE_LOST'));
    expect([t.phase(id), await t.steps.states()]).toEqual(['prepare', { R1: 'active' }]);
  });

  it('writes nothing while nothing changes, and says when to look again', async () => {
    const signal = new AbortController().signal;
    expect(await t.engine.step(t.fence, signal)).toBe(t.time.now + 30_000);
    await t.start();
    await t.step();
    await t.step();
    const index = await t.store.currentIndex();
    expect(await t.engine.step(t.fence, signal)).toBe(t.time.now + 1_000);
    expect(await t.store.currentIndex()).toBe(index);
  });
});
