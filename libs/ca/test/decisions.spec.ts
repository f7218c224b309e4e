import { type EpochMs, epochMs, HOUR } from '@banyan/kernel';
import { describe, expect, it } from '@jest/globals';
import { intermediateNeed, sameKeySpec } from '../src/domain/intermediate-need.js';
import { type AuthorityReport, mayRetire, type Retirement } from '../src/domain/root-retirement.js';

const at = (hours: number): EpochMs => epochMs(Date.UTC(2031, 0, 1) + hours * HOUR);

describe('intermediateNeed', () => {
  const active = { rootId: 'r1', notBefore: at(0), notAfter: at(100) };

  it('asks for one when there is none', () => {
    expect(intermediateNeed({ wantedRootId: 'r1', now: at(0) }).kind).toBe('vacant');
  });

  it('asks for the next one at exactly half of the lifetime, and says before when to look again', () => {
    expect(intermediateNeed({ active, wantedRootId: 'r1', now: at(49.999) })).toEqual({
      kind: 'none',
      checkAgainAt: at(50),
    });
    expect(intermediateNeed({ active, wantedRootId: 'r1', now: at(50) }).kind).toBe('half-life');
    expect(intermediateNeed({ active, wantedRootId: 'r1', now: at(200) }).kind).toBe('half-life');
  });

  it('asks for one under the active root as soon as that is another, whatever the age, and names both', () => {
    const need = intermediateNeed({ active, wantedRootId: 'r2', now: at(99) });
    expect(need).toEqual({
      kind: 'root-changed',
      reason: 'the active root is r2, the signing authority is under r1',
    });
  });

  it('keeps a pending key only while its kind and size are wanted', () => {
    expect(sameKeySpec({ type: 'ec', bits: 256 }, { type: 'ec', bits: 256 })).toBe(true);
    expect(sameKeySpec({ type: 'ec', bits: 256 }, { type: 'ec', bits: 384 })).toBe(false);
    expect(sameKeySpec({ type: 'rsa', bits: 2048 }, { type: 'ec', bits: 256 })).toBe(false);
  });
});

describe('mayRetire', () => {
  const rotatedOutAt = at(10);
  const report = (change: Partial<AuthorityReport> = {}): AuthorityReport => ({
    datacenter: 'dc2',
    signingRootId: 'r2',
    horizons: { r1: at(12), r2: at(90) },
    reportedAt: at(11),
    ...change,
  });
  const verdict = (reports: Record<string, AuthorityReport | undefined>, now = at(13)): Retirement =>
    mayRetire({ rootId: 'r1', rotatedOutAt, reports: new Map(Object.entries(reports)), now });
  const withoutAuthority = (): AuthorityReport => ({ datacenter: 'dc2', horizons: {}, reportedAt: at(11) });

  it('lets a root go once every datacenter signs under another and the last leaf under it has ended', () => {
    expect(verdict({ dc1: report({ datacenter: 'dc1', horizons: {} }), dc2: report() })).toEqual({ allowed: true });
    expect(verdict({ dc2: report() }, at(12))).toEqual({ allowed: true });
  });

  it.each([
    ['that has never reported', undefined, 'datacenter dc2 has not reported since the rotation'],
    [
      'whose report is from before',
      report({ reportedAt: at(9) }),
      'datacenter dc2 has not reported since the rotation',
    ],
    [
      'whose report is of that very moment',
      report({ reportedAt: at(10) }),
      'datacenter dc2 has not reported since the rotation',
    ],
    ['that still signs under it', report({ signingRootId: 'r1' }), 'datacenter dc2 still signs under it'],
    ['that does not say what it signs under', withoutAuthority(), 'datacenter dc2 still signs under it'],
    [
      'with living leaves',
      report({ horizons: { r1: at(14) } }),
      'datacenter dc2 has leaves under it until 2031-01-01T14:00:00.000Z',
    ],
  ])('is blocked, by name, by a datacenter %s', (_, blocking, blocker) => {
    const others = { dc1: report({ datacenter: 'dc1' }), dc3: report({ datacenter: 'dc3' }) };
    expect(verdict({ ...others, dc2: blocking })).toEqual({ allowed: false, blocker });
  });
});
