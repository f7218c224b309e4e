import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DatacenterAdoption, Laggard } from '@banyan/adoption';
import { isBanyanError, MINUTE, stateIndex } from '@banyan/kernel';
import { DEFAULT_POLICY, next, type Rotation, toWireRotation, VERBS } from '@banyan/rotation';
import { withTestStore } from '@banyan/testkit';
import * as fc from 'fast-check';
import { neighboursOf } from '../src/domain/concurrency.js';
import type { RotationEvent } from '../src/domain/event.js';
import { PHASES } from '../src/domain/phase.js';
import { beginRotation } from '../src/domain/begin.js';
import { at, begun, heard, laggard, lookOf, silent, T0 } from './federation.js';
import { ANA, ENTITIES, type EngineUnderTest, REQUEST, startEngine } from './engine-fixture.js';

type Key = NonNullable<DatacenterAdoption['key']>;

const NOTHING = { leaves: 0, ledgerLeaves: 0, identities: 0 };
const former = (parts: Partial<Key> = {}): Key => ({
  keyId: 'k1',
  keyFingerprint: 'aa:bb',
  notAfter: at(86_400),
  leaving: NOTHING,
  ...parts,
});
const LEAVING = { datacenter: 'dc2', keyId: 'k1', keyFingerprint: 'aa:bb', endsAt: at(86_400) };

const keyRotation = (reason: 'planned' | 'compromise' = 'planned'): Rotation => {
  const { plan } = begun({ reason });
  const intent = { ...plan.intent, crossSign: false, key: LEAVING };
  const id = '00000000-0000-4000-8000-000000000009';
  return beginRotation({ id, plan: { ...plan, intent }, planHash: 'h', note: '', requester: 'ana', at: T0 });
};
const { id: ID } = keyRotation();
const under = (leaving: Partial<Key['leaving']> = {}): Key =>
  former({ keyId: 'k2', keyFingerprint: 'cc:dd', rotationId: ID, leaving: { ...NOTHING, ...leaving } });

/** dc2 is seen so at that second, and dc1 as ever. */
const sees = (seconds: number, key: Key | undefined, laggards: readonly Laggard[] = []): RotationEvent => ({
  kind: 'evidence',
  at: at(seconds),
  look: lookOf([
    heard('dc1', at(seconds), { key: former({ keyId: 'other', keyFingerprint: '11' }) }),
    heard('dc2', at(seconds), { ...(key && { key }), laggards: [...laggards] }),
  ]),
});
const moved = (rotation: Rotation, event: RotationEvent) => {
  const outcome = next(rotation, event);
  if (outcome.kind === 'illegal') throw new Error(outcome.reason);
  return outcome;
};
const blockers = ({ gates, phase }: Rotation) =>
  gates[phase]?.blockers.map(({ datacenter, node, reason }) => [datacenter, node, reason].filter(Boolean).join(' '));

const coded = (code: string) => (error: unknown) => expect(isBanyanError(error) && error.code).toBe(code);

describe("the rotation of a datacenter's key", () => {
  it('goes from prepare to activate to completed, and touches no root', () => {
    let { rotation } = moved(keyRotation(), sees(1, former()));
    expect([rotation.phase, blockers(rotation)]).toEqual(['prepare', ['dc2 not-staged']]);
    ({ rotation } = moved(rotation, sees(2, former({ stagedFor: ID }))));
    expect(rotation.phase).toBe('activate');
    ({ rotation } = moved(rotation, sees(3, former({ stagedFor: ID }))));
    expect(blockers(rotation)).toEqual(['dc2 signing']);
    const behind = laggard('n1', { leavingKey: { leaves: 2, identity: true } });
    ({ rotation } = moved(rotation, sees(4, under({ leaves: 3, ledgerLeaves: 4, identities: 2 }), [behind])));
    expect(blockers(rotation)).toEqual(['dc2 n1 pending', 'dc2 * leaves', 'dc2 * ledger', 'dc2 * pending']);
    expect(rotation.datacenters).toMatchObject([
      { datacenter: 'dc2', staged: true, leaves: { staying: 1, leaving: 3 } },
    ]);
    const done = moved(rotation, sees(5, under()));
    expect([done.rotation.phase, done.effects]).toEqual(['completed', []]);
    expect(toWireRotation({ rotation, createIndex: stateIndex(1), modifyIndex: stateIndex(2) })).toMatchObject({
      Scope: { Datacenter: 'dc2' },
      LeavingKey: { Datacenter: 'dc2', KeyID: 'k1', KeySHA256: 'aa:bb' },
      Possible: ['pause', 'waive', 'advance'],
    });
  });

  it('denies a compromised key at the end, at its deadline whoever still needs it', () => {
    const deny = { kind: 'deny-key', datacenter: 'dc2', keyFingerprint: 'aa:bb', endsAt: at(86_400) };
    const active = moved(keyRotation('compromise'), sees(1, former({ stagedFor: ID }))).rotation;
    expect(moved(active, sees(2, under())).effects).toEqual([deny]);
    const waiting = moved(active, sees(3, under({ leaves: 1 }))).rotation;
    expect(waiting.gates.activate?.waitsUntil).toBe(T0 + DEFAULT_POLICY.deadlineMs);
    const late = moved(waiting, sees(DEFAULT_POLICY.deadlineMs / 1_000, under({ leaves: 1 })));
    expect([late.rotation.phase, late.effects]).toEqual(['completed', [deny]]);
    expect(late.rotation.journal.at(-1)?.text).toContain('left behind: dc2/*');
  });

  it('names a list of denied keys that is full: nothing ends before the compromised key can be denied', () => {
    const active = moved(keyRotation('compromise'), sees(1, former({ stagedFor: ID }))).rotation;
    const full = (seconds: number): RotationEvent => {
      const event = sees(seconds, under()) as Extract<RotationEvent, { kind: 'evidence' }>;
      return { ...event, look: { ...event.look, deniedKeysFull: true } };
    };
    const late = DEFAULT_POLICY.deadlineMs / 1_000 + 1;
    const { rotation, effects } = moved(active, full(late));
    expect([rotation.phase, rotation.health, effects]).toEqual(['activate', 'blocked', []]);
    expect(blockers(rotation)).toEqual(['dc1 denied-keys-full']);
    const { look } = full(late) as Extract<RotationEvent, { kind: 'evidence' }>;
    const now = { kind: 'retire', at: at(late), by: 'ana', look } as const;
    expect(next(rotation, now)).toMatchObject({ kind: 'illegal', reason: expect.stringContaining('full') as unknown });
    expect(moved(rotation, sees(late + 1, under())).rotation.phase).toBe('completed');
    // A planned one denies nothing, and needs no room.
    const planned = moved(keyRotation(), sees(1, former({ stagedFor: ID }))).rotation;
    expect(moved(planned, full(2)).rotation.phase).toBe('completed');
  });

  it('names a datacenter that is cut off, and one that is too old to say', () => {
    const event = sees(100, former()) as Extract<RotationEvent, { kind: 'evidence' }>;
    const look = { ...event.look, datacenters: [silent('dc2')] };
    expect(blockers(moved(keyRotation(), { ...event, look }).rotation)).toEqual(['dc2 unreported']);
    const old = { ...event.look, datacenters: [heard('dc2', T0)] };
    expect(blockers(moved(keyRotation(), { ...event, look: old }).rotation)).toEqual(['dc2 unreported']);
    const { rotation } = moved(keyRotation(), sees(100, undefined));
    expect([blockers(rotation), rotation.health]).toEqual([['dc2 version'], 'blocked']);
  });

  it('is undone before the next key signs, never after; a planned one may turn out to be compromised', () => {
    const look = lookOf([heard('dc2', at(2), { key: under({ leaves: 1 }) })]);
    const back = { kind: 'rollback', at: at(2), by: 'ana', look } as const;
    expect(moved(keyRotation(), back).rotation.phase).toBe('rolled-back');
    const active = moved(keyRotation(), sees(1, former({ stagedFor: ID }))).rotation;
    expect(next(active, back)).toMatchObject({ kind: 'illegal', possible: ['pause', 'waive', 'advance'] });
    expect(next(active, { ...back, kind: 'retire' })).toMatchObject({ kind: 'illegal' });
    const tainted = moved(active, { kind: 'taint', at: at(2), by: 'ana', deadlineAt: at(60), reason: 'seen' }).rotation;
    expect([tainted.reason, tainted.deadlineAt]).toEqual(['compromise', at(60)]);
    expect(next(tainted, { ...back, kind: 'advance' })).toMatchObject({ kind: 'illegal' });
    expect(moved(tainted, { ...back, kind: 'retire' }).effects).toMatchObject([{ kind: 'deny-key' }]);
  });

  it('never is in a phase that is about roots: each says why, and nothing moves it', () => {
    for (const phase of ['distribute', 'verify', 'retire', 'rolling-back'] as const) {
      const outcome = next({ ...keyRotation(), phase }, sees(1, under()));
      expect(outcome).toMatchObject({ kind: 'illegal', reason: expect.stringContaining('the root stays the same') });
    }
  });

  it('in any order of events denies only what is compromised, once, at the end, and never a key that is needed before the deadline', () => {
    const event = fc.oneof(
      fc.record({ do: fc.constant('see' as const), stage: fc.nat(3), leaves: fc.nat(2) }),
      fc.record({ do: fc.constant('person' as const), verb: fc.constantFrom(...VERBS, 'taint' as const) }),
    );
    const reached = new Set<string>();
    fc.assert(
      fc.property(fc.array(event, { maxLength: 25 }), fc.boolean(), (events, compromised) => {
        let rotation = keyRotation(compromised ? 'compromise' : 'planned');
        let second = 0;
        let denials = 0;
        for (const one of events) {
          second += 40;
          const stage = one.do === 'see' ? one.stage : 2;
          const leaves = one.do === 'see' ? one.leaves : 1;
          const key = [undefined, former(), former({ stagedFor: ID }), under({ leaves })][stage];
          const seen = sees(second, key) as Extract<RotationEvent, { kind: 'evidence' }>;
          const told =
            one.do === 'see'
              ? seen
              : ({
                  ...seen,
                  kind: one.verb,
                  by: 'ana',
                  datacenter: 'dc2',
                  reason: 'r',
                  deadlineAt: at(600),
                } as RotationEvent);
          const outcome = next(rotation, told);
          if (outcome.kind === 'illegal') continue;
          expect(['prepare', 'activate', 'completed', 'rolled-back']).toContain(outcome.rotation.phase);
          expect(outcome.effects.every(({ kind }) => kind === 'deny-key')).toBe(true);
          denials += outcome.effects.length;
          if (outcome.effects.length > 0) {
            const { reason, deadlineAt, waivers } = outcome.rotation;
            expect([reason, outcome.rotation.phase]).toEqual(['compromise', 'completed']);
            const byPerson = told.kind === 'retire' || waivers.length > 0;
            if (!byPerson && second * 1_000 + T0 < deadlineAt!) expect([stage, leaves]).toEqual([3, 0]);
          }
          rotation = outcome.rotation;
          reached.add(rotation.phase);
        }
        expect(denials).toBeLessThanOrEqual(1);
        expect(denials === 1).toBe(rotation.phase === 'completed' && rotation.reason === 'compromise');
      }),
      { numRuns: 300, seed: 7 },
    );
    expect(PHASES.filter((phase) => reached.has(phase))).toEqual(['prepare', 'activate', 'completed', 'rolled-back']);
  });

  it('has no part in the order in which roots leave', () => {
    const root = begun({ now: at(5) });
    expect(neighboursOf(root, [root, keyRotation()])).toEqual({ earlier: [], later: [] });
  });
});

describe("the rotation of a datacenter's key in the store", () => {
  const stores = withTestStore(ENTITIES);
  let t: EngineUnderTest;
  beforeEach(async () => {
    t = await startEngine(stores);
    say(former());
  });
  afterEach(() => t.stop());

  const say = (key: Key): void => {
    t.evidence.said = (name) => ({ key: name === 'dc2' ? key : former({ keyId: 'other', keyFingerprint: '11' }) });
  };
  const ORDER = { ...REQUEST, datacenter: 'dc2' };
  const begin = async (compromised: boolean): Promise<Rotation> => {
    const order = { ...ORDER, compromised };
    const { hash, plan } = await t.engine.plan(order);
    expect([plan.datacenters.map(({ datacenter }) => datacenter), plan.totals.signatures]).toEqual([['dc2'], 7]);
    return t.engine.start(order, { planHash: hash }, ANA);
  };
  const finish = async ({ id }: Rotation): Promise<void> => {
    await t.step();
    say(former({ stagedFor: id }));
    await t.step();
    say(former({ keyId: 'k2', keyFingerprint: 'cc', rotationId: id }));
    await t.step();
    expect(t.phase(id)).toBe('completed');
  };

  it('is planned for that datacenter alone, started by hash, and changes no root', async () => {
    const before = await t.steps.states();
    await finish(await begin(false));
    expect([await t.steps.states(), t.steps.orders, await t.denied.all()]).toEqual([before, [], []]);
  });

  it('commits the denial of a compromised key with the end of the record', async () => {
    await finish(await begin(true));
    expect(await t.denied.all()).toEqual(['aa:bb']);
  });

  it('is blocked by name while no key can be denied, in the plan and in the record', async () => {
    t.denied.full = true;
    const { plan } = await t.engine.plan({ ...ORDER, compromised: true });
    expect(plan.blockers.map(({ reason }) => reason)).toContain('denied-keys-full');
    expect((await t.engine.plan(ORDER)).plan.blockers).toEqual([]);
    const { id } = await begin(true);
    await t.step();
    say(former({ stagedFor: id }));
    await t.step();
    say(former({ keyId: 'k2', keyFingerprint: 'cc', rotationId: id }));
    await t.step();
    expect([t.phase(id), t.projection.find(id)!.rotation.health]).toEqual(['activate', 'blocked']);
    await t.engine
      .act(id, { verb: 'retire', reason: 'now' }, ANA)
      .then(() => expect('denied').toBe('refused'), coded('ROTATION_STEP_ILLEGAL'));
    t.denied.full = false;
    await t.step();
    expect([t.phase(id), await t.denied.all()]).toEqual(['completed', ['aa:bb']]);
  });

  it('and a rotation of the root exclude each other by name; a compromised key may always be replaced', async () => {
    const key = await begin(false);
    await t.engine
      .start(REQUEST, 'unplanned', ANA)
      .then(() => expect('started').toBe('refused'), coded('ROTATION_IN_PROGRESS'));
    await t.engine.act(key.id, { verb: 'rollback' }, ANA);
    await t.start();
    await t.engine
      .start(ORDER, 'unplanned', ANA)
      .then(() => expect('started').toBe('refused'), coded('ROTATION_IN_PROGRESS'));
    const urgent = await begin(true);
    await finish(urgent);
  });

  it('a taint of a key that is being rotated gives that rotation a deadline', async () => {
    const planned = await begin(false);
    const order = { ...ORDER, compromised: true, policy: { ...DEFAULT_POLICY, deadlineMs: MINUTE } };
    const tainted = await t.engine.start(order, 'unplanned', ANA);
    expect(tainted).toMatchObject({ id: planned.id, reason: 'compromise', deadlineAt: t.time.now + MINUTE });
  });

  it('is refused for a datacenter that does not exist, did not say, or names the key of another', async () => {
    await t.engine
      .plan({ ...ORDER, datacenter: 'dc9' })
      .then(() => expect('planned').toBe('refused'), coded('DATACENTER_UNKNOWN'));
    t.evidence.said = () => ({ key: former() });
    await t.engine.plan(ORDER).then(() => expect('planned').toBe('refused'), coded('CONFLICT'));
    t.evidence.said = () => ({});
    await t.engine.plan(ORDER).then(() => expect('planned').toBe('refused'), coded('CONFLICT'));
  });
});
