import { describe, expect, it } from '@jest/globals';
import type { Look } from '../src/domain/event.js';
import { next } from '../src/domain/next.js';
import type { Rotation } from '../src/domain/rotation.js';
import { previewStep, type StepEvent } from '../src/domain/step-preview.js';
import { at, begun, heard, laggard, lookOf, MOVED, prepared, SIGNS, TRUSTS } from './federation.js';

const apply = (rotation: Rotation, event: Parameters<typeof next>[1]): Rotation => {
  const outcome = next(rotation, event);
  if (outcome.kind === 'illegal') throw new Error(outcome.reason);
  return outcome.rotation;
};

const saying = (seconds: number, said: object): Look =>
  lookOf([heard('dc1', at(seconds), said), heard('dc2', at(seconds), said)]);
const step = (verb: StepEvent['kind'], look: Look, more: object = {}): StepEvent =>
  ({ kind: verb, at: at(100), by: 'ana', look, ...more }) as StepEvent;
const names = (rotation: Rotation, event: StepEvent, look: Look): string[] =>
  previewStep(rotation, event, look).breaks.map(
    ({ datacenter, node, reason }) => `${datacenter}/${node ?? ''} ${reason}`,
  );

const PREPARING = begun();
const distributing = (crossSigned: boolean): Rotation => apply(begun(), prepared(at(1), { crossSigned }));
const MOVING = apply(distributing(true), { kind: 'evidence', at: at(2), look: saying(2, TRUSTS) });
const VERIFYING = apply(MOVING, { kind: 'evidence', at: at(60), look: { ...saying(60, MOVED), activeRootId: 'R2' } });
const look = (said: object): Look => ({ ...saying(99, said), activeRootId: 'R2' });

const hash = (rotation: Rotation, said: object, verb: StepEvent['kind'] = 'retire') =>
  previewStep(rotation, step(verb, look(said)), look(said)).hash;

describe('a look at a step', () => {
  it('tells by counts what goes back with a roll-back, and nothing of a root that was not made', () => {
    expect(previewStep(PREPARING, step('rollback', look({})), look({})).effect).toEqual([
      'Nothing was made or published: nothing else changes.',
      'It goes from phase prepare to rolled-back, its end.',
    ]);
    const staged = previewStep(distributing(true), step('rollback', look(TRUSTS)), look(TRUSTS));
    expect(staged.effect.join(' ')).toMatch(/distribute to rolled-back, its end\. Root R2 leaves every bundle/);
    const back = previewStep(VERIFYING, step('rollback', look(MOVED)), look(MOVED));
    expect(back.effect).toEqual([
      'It goes from phase verify to rolling-back.',
      'Root R1 becomes the active one again: 2 datacenters go to sign under it, and 8 live leaves are signed again.',
    ]);
    expect(back.breaks).toEqual([]);
  });

  it('names who would break when the root leaves now, those that were waived included', () => {
    const behind = { ...MOVED, leaves: { R1: 1, R2: 3 }, laggards: [laggard('n7', { leaves: { R1: 1 } })] };
    expect(names(VERIFYING, step('retire', look(behind)), look(behind))).toEqual(['dc1/n7 pending', 'dc2/n7 pending']);
    const waive = { kind: 'waive', at: at(98), by: 'ana', datacenter: 'dc1', reason: 'scrapped' } as const;
    expect(names(apply(VERIFYING, waive), step('retire', look(behind)), look(behind))).toContain('dc1/n7 pending');
    expect(previewStep(VERIFYING, step('retire', look(behind)), look(behind)).effect).toEqual([
      'Root R1 leaves now, without further proof or grace; that cannot be undone.',
      '2 live leaves are known under it.',
      'It goes from phase verify to completed, its end.',
      'Root R1 leaves every bundle, its cross-signed certificates leave the chains, and its key is destroyed.',
    ]);
    expect(names(VERIFYING, step('retire', look(MOVED)), look(MOVED))).toEqual([]);
  });

  it('says whom a waiver gives up, and what the gate then does', () => {
    const mute = lookOf([heard('dc1', at(99), MOVED), heard('dc2', at(99), SIGNS)], { activeRootId: 'R2' });
    const waive = step('waive', mute, { datacenter: 'dc2', reason: '' });
    const { effect, breaks, breakCount } = previewStep(MOVING, waive, mute);
    expect(effect[0]).toBe('It no longer waits for dc2, in this phase and all later ones; that cannot be taken back.');
    expect(effect[1]).toMatch(/^[1-9]\d* of what it waits for now go(es)? by it\.$/);
    expect(effect[2]).toBe('Its gate is met then: within seconds it goes on from activate to verify.');
    expect(breakCount).toBe(breaks.length);
    expect(new Set(breaks.map(({ datacenter }) => datacenter))).toEqual(new Set(['dc2']));
  });

  it('breaks nobody by stepping over the first gate where the next root is cross-signed', () => {
    const nobodyTrusts = { ...saying(99, {}), activeRootId: 'R1' };
    const advance = step('advance', nobodyTrusts);
    expect(names(distributing(true), advance, nobodyTrusts)).toEqual([]);
    expect(previewStep(distributing(true), advance, nobodyTrusts).effect.join(' ')).toMatch(
      /waits for 2 by name.*Root R2 becomes/,
    );
    expect(() => previewStep(distributing(false), advance, nobodyTrusts)).toThrow(
      expect.objectContaining({ name: 'BanyanError', code: 'ROTATION_STEP_ILLEGAL' }),
    );
    const compromised = apply(begun({ reason: 'compromise' }), prepared(at(1), { crossSigned: false }));
    expect(names(compromised, advance, nobodyTrusts)).toEqual(['dc1/ root-missing', 'dc2/ root-missing']);
  });

  it('warns before a pause that holds a deadline, and before a resume that drops a root at once', () => {
    const moved = look({ ...MOVED, leaves: { R1: 1, R2: 3 } });
    const tainted = apply(VERIFYING, { kind: 'taint', at: at(70), by: 'ana', deadlineAt: at(90), reason: 'stolen' });
    expect(tainted.phase).toBe('retire');
    expect(previewStep(tainted, step('pause', moved), moved).effect[1]).toMatch(/^The deadline 2031-.* is held, too/);
    const paused = apply(tainted, { kind: 'pause', at: at(71), by: 'ana' });
    const resumed = previewStep(paused, step('resume', moved), moved);
    expect(resumed.effect.slice(1)).toEqual([
      'Its gate is met then: within seconds it goes on from retire to completed.',
      'Root R1 leaves every bundle, its cross-signed certificates leave the chains, and its key is destroyed.',
    ]);
    expect(resumed.breaks.map(({ datacenter, reason }) => `${datacenter} ${reason}`)).toContain('dc2 leaves');
  });

  it('is named by a hash that lasts as long as the effect', () => {
    const calm = hash(VERIFYING, MOVED);
    expect(hash({ ...VERIFYING, revision: 99 }, MOVED)).toBe(calm);
    expect(hash(VERIFYING, { ...MOVED, leaves: { R1: 1, R2: 3 } })).not.toBe(calm);
    expect(hash(VERIFYING, MOVED, 'rollback')).not.toBe(calm);
    expect(hash({ ...VERIFYING, phase: 'retire' }, MOVED)).not.toBe(calm);
  });
});
