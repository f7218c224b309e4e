import { type EpochMs, epochMs, HOUR } from '@banyan/kernel';
import { describe, expect, it } from '@jest/globals';
import { intermediateNeed, sameKeySpec } from '../src/domain/intermediate-need.js';

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
