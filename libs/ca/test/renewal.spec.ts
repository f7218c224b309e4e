import { BanyanError, type EpochMs, epochMs, HOUR } from '@banyan/kernel';
import { FakeTime, RecordingLogger } from '@banyan/testkit';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { CaProjection } from '../src/index.js';
import { intermediateLife, intermediateNeed, renewalShare } from '../src/domain/intermediate-need.js';
import { remainingRatio, rootRenewal } from '../src/domain/root-renewal.js';
import { RootRenewal } from '../src/root/root-renewal.js';

const DAY = 24 * HOUR;
const begin = epochMs(Date.UTC(2031, 0, 1));
const at = (days: number): EpochMs => epochMs(begin + days * DAY);
const never = new AbortController().signal;

describe('intermediateNeed between datacenters', () => {
  it('spreads renewals over 45 to 55 % of the life, always the same for a name', () => {
    const shares = Array.from({ length: 200 }, (_, n) => renewalShare(`dc${n}`));
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(0.45);
    expect(Math.max(...shares)).toBeLessThanOrEqual(0.55);
    expect(Math.max(...shares) - Math.min(...shares)).toBeGreaterThan(0.08);
    expect(renewalShare('dc7')).toBe(shares[7]);
    expect(renewalShare(undefined)).toBe(0.5);
  });

  it('is due at the datacenter’s own share, and not before', () => {
    const active = { rootId: 'r1', notBefore: at(0), notAfter: at(100) };
    const renewAt = epochMs(Math.round(begin + 100 * DAY * renewalShare('dc2')));
    const need = (now: EpochMs) => intermediateNeed({ active, wantedRootId: 'r1', datacenter: 'dc2', now });
    expect(need(epochMs(renewAt - 1))).toEqual({ kind: 'none', checkAgainAt: renewAt });
    expect(need(renewAt).kind).toBe('half-life');
  });

  it('does not renew what would not live longer, because the root ends with it', () => {
    const active = { rootId: 'r1', notBefore: at(0), notAfter: at(100) };
    const ask = { active, wantedRootId: 'r1', rootNotAfter: at(100) };
    const need = intermediateNeed({ ...ask, now: at(80) });
    expect(need).toMatchObject({ kind: 'none', reason: expect.stringContaining('only a next root') });
    expect(need.kind === 'none' && need.checkAgainAt).toBeGreaterThan(at(80));
    expect(intermediateNeed({ ...ask, rootNotAfter: at(101), now: at(80) }).kind).toBe('half-life');
    expect(intermediateNeed({ ...ask, wantedRootId: 'r2', now: at(80) }).kind).toBe('root-changed');
  });

  it('lives as long as asked, or as long as its root, and then says so', () => {
    expect(intermediateLife({ askedMs: DAY, rootNotAfter: at(2), now: at(0) })).toEqual({ notAfter: at(1) });
    expect(intermediateLife({ askedMs: 3 * DAY, rootNotAfter: at(2), now: at(0) })).toEqual({
      notAfter: at(2),
      shortened: 'the root ends at 2031-01-03T00:00:00.000Z, before the intermediate would',
    });
  });
});

describe('rootRenewal', () => {
  const tenYears = { notBefore: at(0), notAfter: at(3650), intermediateTtlMs: 365 * DAY };
  const verdict = (days: number, policy: 'auto' | 'notice' = 'auto', change: object = {}) =>
    rootRenewal({ ...tenYears, policy, now: at(days), ...change });

  it('is due at two thirds of the life, with four weeks of notice', () => {
    const due = 3650 * (2 / 3);
    expect(verdict(due - 28.01)).toEqual({ kind: 'none', checkAgainAt: epochMs(Math.round(at(due) - 28 * DAY)) });
    expect(verdict(due - 27.9)).toMatchObject({
      kind: 'notice',
      reason: expect.stringContaining('a rotation starts by itself at'),
    });
    expect(verdict(due + 0.01)).toMatchObject({ kind: 'due' });
  });

  it('is due earlier when intermediates live long, but never in the first half of the life', () => {
    const ttl = { intermediateTtlMs: 1000 * DAY };
    expect(verdict(2149, 'auto', ttl).kind).toBe('notice');
    expect(verdict(2151, 'auto', ttl).kind).toBe('due');
    const longer = { intermediateTtlMs: 3650 * DAY };
    expect(verdict(1824, 'auto', longer).kind).toBe('notice');
    expect(verdict(1826, 'auto', longer).kind).toBe('due');
  });

  it('is only said where an operator starts rotations, before it is due and after', () => {
    expect(verdict(2420, 'notice')).toMatchObject({
      kind: 'notice',
      reason: expect.stringContaining('have a rotation'),
    });
    expect(verdict(3000, 'notice')).toMatchObject({ kind: 'notice', reason: expect.stringContaining('due since') });
  });

  it('never skips the notice, and is never due again right after it was renewed', () => {
    const lives = fc.integer({ min: 1, max: 8000 });
    fc.assert(
      fc.property(lives, lives, fc.double({ min: 0, max: 1, noNaN: true }), (life, ttl, share) => {
        const root = { notBefore: at(0), notAfter: at(life), intermediateTtlMs: ttl * DAY };
        const ask = (now: EpochMs) => rootRenewal({ ...root, policy: 'auto', now });
        const now = epochMs(begin + share * life * DAY);
        const found = ask(now);
        if (share < 0.4) expect(found.kind).toBe('none');
        if (found.kind === 'none') expect(ask(found.checkAgainAt).kind).toBe('notice');
        if (found.kind === 'notice') expect(ask(found.at).kind).toBe('due');
        if (found.kind === 'due') expect(share).toBeGreaterThanOrEqual(0.499);
      }),
    );
  });

  it('shows how much of the life is left', () => {
    expect([0, 50, 100, 101].map((days) => remainingRatio({ notBefore: at(0), notAfter: at(100) }, at(days)))).toEqual([
      1, 0.5, 0, 0,
    ]);
  });
});

const prepare = (policy: 'auto' | 'notice') => {
  const time = new FakeTime(at(0));
  const logger = new RecordingLogger();
  const started: string[] = [];
  const scene = { refusal: undefined as Error | undefined, root: 'r1', next: undefined as object | undefined };
  const certificate = { notBefore: at(0), notAfter: at(300) };
  const projection = {
    get wantedRoot() {
      return { id: scene.root, certificate };
    },
    get nextRoot() {
      return scene.next;
    },
    state: { configuration: { parsed: { intermediateTtlMs: 30 * DAY } } },
  } as unknown as CaProjection;
  const start = async (reason: string): Promise<void> => {
    if (scene.refusal !== undefined) throw scene.refusal;
    started.push(reason);
  };
  const renewal = new RootRenewal({ projection, policy, start, clock: time.clock, logger });
  const day = async (days: number): Promise<void> => {
    time.jump(at(days) - time.now);
    await renewal.look(never);
  };
  return { renewal, logger, started, scene, day };
};

describe('RootRenewal', () => {
  it('says for weeks that the root will be renewed, once a day, and then starts it, once', async () => {
    const { renewal, logger, started, day } = prepare('auto');
    await day(170);
    expect([renewal.note, logger.lines]).toEqual([undefined, []]);
    for (const days of [180, 180.1, 180.9, 181.01]) await day(days);
    expect(renewal.note).toContain('a rotation starts by itself');
    expect(logger.of('root renewal')).toHaveLength(2);
    expect(started).toEqual([]);
    for (const days of [200, 200.001, 200.002]) await day(days);
    expect(started).toEqual([expect.stringContaining('its renewal is due since')]);
    expect(logger.of('root renewal started')).toHaveLength(1);
  });

  it('starts nothing while a next root is on its way', async () => {
    const { renewal, started, scene, day } = prepare('auto');
    scene.next = {};
    await day(250);
    expect([started, renewal.note]).toEqual([[], undefined]);
    scene.next = undefined;
    await day(250);
    expect(started).toHaveLength(1);
  });

  it('says why it could not be started, and tries again within the hour', async () => {
    const { renewal, logger, started, scene, day } = prepare('auto');
    scene.refusal = new BanyanError('ROTATION_IN_PROGRESS', 'dc2 is late');
    await day(250);
    expect(renewal.note).toContain('ROTATION_IN_PROGRESS');
    expect(logger.of('root renewal not started')).toEqual([
      { root: 'r1', code: 'ROTATION_IN_PROGRESS', reason: 'dc2 is late' },
    ]);
    scene.refusal = undefined;
    await day(250 + 0.5 / 24);
    expect(started).toEqual([]);
    await day(250 + 1.01 / 24);
    expect(started).toHaveLength(1);
  });

  it('lets through what is no refusal', async () => {
    const { scene, day } = prepare('auto');
    scene.refusal = new TypeError('a defect');
    await expect(day(250)).rejects.toThrow(TypeError);
  });

  it('starts nothing where an operator does', async () => {
    const { renewal, started, day } = prepare('notice');
    await day(290);
    expect([started, renewal.note]).toEqual([[], expect.stringContaining('start a rotation')]);
  });
});
