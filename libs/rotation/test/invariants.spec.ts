import { describe, expect, it } from '@jest/globals';
import { isBanyanError } from '@banyan/kernel';
import { next, type Rotation, type RotationEvent, type Verb, VERBS } from '@banyan/rotation';
import * as fc from 'fast-check';
import { isBefore, neighboursOf, requireNoneMoving } from '../src/domain/concurrency.js';
import { isFinished } from '../src/domain/phase.js';
import { isCompromise, rotationSchema, rootsOf } from '../src/domain/rotation.js';
import { begun, prepared } from './federation.js';
import { World } from './world.js';

type Command =
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'follow' | 'report' | 'fail' | 'look'; readonly dc: number }
  | { readonly do: 'agent'; readonly dc: number; readonly agent: number; readonly renews: boolean }
  | { readonly do: 'toggle'; readonly dc: number; readonly agent: number }
  | { readonly do: 'start' | 'taint' | 'crash' }
  | { readonly do: 'prepare'; readonly crossSigned: boolean }
  | { readonly do: 'person'; readonly verb: Verb; readonly which: number; readonly dc: number; readonly node: string };

const dc = fc.nat(1);
const agent = fc.nat(1);
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('look' as const), dc }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('follow' as const, 'report' as const), dc }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('agent' as const), dc, agent, renews: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      ms: fc.constantFrom(1, 1_000, 70_000, 400_000, 4_000_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('toggle' as const), dc, agent }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fail' as const), dc }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('start' as const, 'crash' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('taint' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('prepare' as const), crossSigned: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('person' as const),
      verb: fc.constantFrom(...VERBS),
      which: fc.nat(3),
      dc,
      node: fc.constantFrom('', 'n1', 'n2', '*'),
    }),
  },
);

/** Rounds in which everybody does its part, so that stories get to their end. */
const quiet: readonly Command[] = [0, 1].flatMap((each): Command[] => [
  { do: 'follow', dc: each },
  { do: 'agent', dc: each, agent: 0, renews: true },
  { do: 'agent', dc: each, agent: 1, renews: true },
  { do: 'report', dc: each },
]);
const round: readonly Command[] = [
  { do: 'pass', ms: 1_000 },
  ...quiet,
  { do: 'prepare', crossSigned: true },
  { do: 'look', dc: 0 },
];
const story = fc
  .array(
    fc.oneof({ weight: 5, arbitrary: command.map((one) => [one]) }, { weight: 2, arbitrary: fc.constant(round) }),
    {
      minLength: 20,
      maxLength: 120,
    },
  )
  .map((parts): readonly Command[] => [{ do: 'start' }, ...parts.flat()]);

/** Runs commands, and checks after each event what must always hold. */
class Run {
  readonly world = new World(['dc1', 'dc2']);
  rotations: Rotation[] = [];
  readonly dropped: string[] = [];
  #made = 1;

  run(command: Command): void {
    const { world } = this;
    switch (command.do) {
      case 'pass':
        return world.pass(command.ms);
      case 'follow':
        return world.follow(command.dc);
      case 'report':
        return world.report(command.dc);
      case 'fail':
        return world.fail(command.dc);
      case 'agent':
        return world.agentFollows(command.dc, command.agent, command.renews);
      case 'toggle':
        return world.toggle(command.dc, command.agent);
      case 'look':
        return this.#look();
      case 'start':
        return this.#start();
      case 'taint':
        return this.#taint();
      case 'prepare':
        return this.#prepare(command.crossSigned);
      case 'crash':
        // All that is left is what was persisted, read by the schema.
        this.rotations = this.rotations.map((rotation) => rotationSchema.parse(JSON.parse(JSON.stringify(rotation))));
        return;
      case 'person':
        return this.#person(command);
    }
  }

  #unfinished(): Rotation[] {
    return this.rotations.filter(({ phase }) => !isFinished(phase)).toSorted((a, b) => (isBefore(a, b) ? -1 : 1));
  }

  #look(): void {
    for (const { id } of this.#unfinished())
      this.#apply(id, (look) => ({ kind: 'evidence', at: this.world.now, look }));
  }

  #start(): void {
    try {
      requireNoneMoving(this.rotations);
    } catch (error) {
      expect(isBanyanError(error, 'ROTATION_IN_PROGRESS')).toBe(true);
      return;
    }
    this.rotations.push(this.#begin('planned'));
  }

  #begin(reason: 'planned' | 'compromise'): Rotation {
    const id = `00000000-0000-4000-8000-${String(this.rotations.length + 1).padStart(12, '0')}`;
    const { now, activeRootId: rootId } = this.world;
    return begun({ id, reason, now, rootId, policy: { retireGraceMs: 600_000 } });
  }

  /** Of the active root: another rotation takes over, and the others give way. */
  #taint(): void {
    const rootId = this.world.activeRootId;
    if (this.#unfinished().some(({ plan }) => plan.intent.kind === 'taint' && plan.intent.rootId === rootId)) return;
    const replacement = this.#begin('compromise');
    for (const { id } of this.#unfinished()) {
      this.#apply(id, () => ({ kind: 'take-over', at: this.world.now, by: 'eve', rotationId: replacement.id }));
    }
    this.rotations.push(replacement);
  }

  #prepare(crossSigned: boolean): void {
    const one = this.#unfinished().find(({ phase }) => phase === 'prepare');
    if (one === undefined) return;
    this.#made += 1;
    const event = prepared(this.world.now, {
      crossSigned: crossSigned && !isCompromise(one),
      rootId: `R${this.#made}`,
      previousRootId: this.world.activeRootId,
    });
    this.#apply(one.id, () => event);
  }

  #person({ verb, which, dc: index, node }: Extract<Command, { do: 'person' }>): void {
    const one = this.rotations[which % Math.max(1, this.rotations.length)];
    if (one === undefined) return;
    const datacenter = index === 0 ? 'dc1' : 'dc2';
    this.#apply(one.id, (look) =>
      verb === 'waive'
        ? { kind: verb, at: this.world.now, by: 'ana', datacenter, ...(node !== '' && { node }), reason: 'gone' }
        : { kind: verb, at: this.world.now, by: 'ana', look },
    );
  }

  #apply(id: string, eventFor: (look: Extract<RotationEvent, { kind: 'evidence' }>['look']) => RotationEvent): void {
    const before = this.rotations.find((rotation) => rotation.id === id)!;
    const look = {
      datacenters: this.world.evidence(),
      activeRootId: this.world.activeRootId,
      ...neighboursOf(before, this.rotations),
    };
    const event = eventFor(look);
    const frozen = JSON.stringify(before);
    const outcome = next(before, event);
    expect(JSON.stringify(before)).toBe(frozen);
    if (outcome.kind === 'illegal') {
      expect(outcome.reason).not.toBe('');
      return;
    }
    const { rotation: after, effects } = outcome;
    for (const effect of effects) {
      if (effect.kind === 'drop') this.#checkDrop(before, event, effect.rootId);
      this.world.apply(effect);
    }
    this.rotations = this.rotations.map((rotation) => (rotation.id === id ? after : rotation));
    this.#checkJournal(before, after, event);
    this.#checkRoots(after);
  }

  /** I3, I4: nobody who is not waived needs the root, unless a person or a deadline says so. */
  #checkDrop(before: Rotation, event: RotationEvent, rootId: string): void {
    this.dropped.push(`${event.kind} ${before.phase}`);
    if (event.kind !== 'evidence') return;
    const overdue = before.deadlineAt !== undefined && event.at >= before.deadlineAt;
    if (overdue) return;
    const isWaived = (name: string): boolean => {
      const [datacenter, node] = name.split('/');
      return before.waivers.some(
        (waiver) =>
          waiver.datacenter === datacenter &&
          (waiver.node === undefined || (node !== undefined && ['*', node].includes(waiver.node))),
      );
    };
    expect(this.world.whoNeeds(rootId).filter((name) => !isWaived(name))).toEqual([]);
  }

  /** I8: whoever reads the journal knows how the record came to be as it is. */
  #checkJournal(before: Rotation, after: Rotation, event: RotationEvent): void {
    const last = after.journal.at(-1)!;
    if (before.phase !== after.phase) {
      expect(last).toMatchObject({ at: event.at, event: event.kind, from: before.phase, to: after.phase });
    } else if (before.health !== after.health || before.waivers.length !== after.waivers.length) {
      expect([last.at, last.event]).toEqual([event.at, event.kind]);
    }
    expect(after.journal.length).toBeLessThanOrEqual(200);
    expect(rotationSchema.safeParse(after).error).toBeUndefined();
  }

  /** I1, I2, I5: one active root, at most one next; the way back is there as long as it is promised. */
  #checkRoots(after: Rotation): void {
    const states = [...this.world.roots.values()];
    expect(states.filter((state) => state === 'active')).toHaveLength(1);
    expect(states.filter((state) => state === 'next').length).toBeLessThanOrEqual(1);
    expect(isCompromise(after) && after.plan.intent.kind === 'taint' && after.crossSigned).toBe(false);
    if (isFinished(after.phase) || after.phase === 'prepare') return;
    const { leaving } = rootsOf(after);
    expect([after.phase, this.world.roots.has(leaving)]).toEqual([after.phase, true]);
  }
}

describe('whatever happens, in whatever order', () => {
  it('keeps one active root, the way back, and every root that somebody needs', () => {
    const reached = new Set<string>();
    fc.assert(
      fc.property(story, (commands) => {
        const run = new Run();
        for (const command of commands) run.run(command);
        for (const { startedAt } of run.rotations) Object.keys(startedAt).forEach((phase) => reached.add(phase));
      }),
      { numRuns: 400 },
    );
    // The stories do get everywhere: a property that holds because nothing happens proves nothing.
    const phases = ['completed', 'rolled-back', 'activate', 'verify', 'retire', 'rolling-back', 'distribute'];
    expect(phases.filter((phase) => !reached.has(phase))).toEqual([]);
  });

  it('comes to its end when everybody follows in the end, whatever happened before', () => {
    fc.assert(
      fc.property(story, (commands) => {
        const run = new Run();
        for (const command of commands) run.run(command);
        for (const rotation of run.rotations) {
          if (rotation.health === 'paused')
            run.run({ do: 'person', verb: 'resume', which: run.rotations.indexOf(rotation), dc: 0, node: '' });
        }
        for (const { name, agents } of run.world.datacenters) {
          agents.forEach((one, index) => one.live || run.world.toggle(name === 'dc1' ? 0 : 1, index));
        }
        for (let turn = 0; turn < 40; turn += 1) {
          run.run({ do: 'pass', ms: 100_000 });
          for (const each of round) run.run(each);
        }
        expect(run.rotations.map(({ phase }) => isFinished(phase))).toEqual(run.rotations.map(() => true));
        expect([...run.world.roots.values()]).toEqual(['active']);
      }),
      { numRuns: 60 },
    );
  });
});
