import { describe, expect, it } from '@jest/globals';
import type { DatacenterProgress, Rotation } from '../../api/rotations.js';
import { foremost, secondsToMove, shareOf, stepsOf } from './progress.js';

const progress = (fields: Partial<DatacenterProgress> = {}): DatacenterProgress => ({
  Datacenter: 'dc1',
  Reported: true,
  HoldsRoot: true,
  Staged: true,
  Agents: { Total: 4, Live: 3, Trusting: 3 },
  Leaves: { Staying: 6, Leaving: 2 },
  LedgerLeaves: { Staying: 5, Leaving: 5 },
  Shadow: { Failed: 0 },
  ...fields,
});

const AT = '2026-11-24T12:00:00Z';
const names = (rotation: Pick<Rotation, 'Phase' | 'StartedAt'>): string[] =>
  stepsOf(rotation).map(({ phase, state }) => `${phase} ${state}`);

const planned = (Datacenter: string, SignaturesPerSecond?: number) => ({
  Datacenter,
  ...(SignaturesPerSecond !== undefined && { SignaturesPerSecond }),
});
const movingAt = (...rates: object[]) =>
  ({
    Datacenters: [progress(), progress({ Datacenter: 'dc2' })],
    Plan: { Datacenters: rates },
  }) as unknown as Rotation;

describe('the steps of a rotation', () => {
  it('stand at the present phase', () => {
    expect(names({ Phase: 'activate', StartedAt: { prepare: AT, distribute: AT, activate: AT } })).toEqual([
      'prepare done',
      'distribute done',
      'activate current',
      'verify ahead',
      'retire ahead',
      'completed ahead',
    ]);
  });

  it('say what was skipped', () => {
    const { state } = stepsOf({
      Phase: 'retire',
      StartedAt: { prepare: AT, distribute: AT, activate: AT, retire: AT },
    })[3]!;
    expect(state).toBe('skipped');
  });

  it('show the way back instead of what was never reached', () => {
    const StartedAt = { prepare: AT, distribute: AT, activate: AT, 'rolling-back': AT, 'rolled-back': AT };
    expect(names({ Phase: 'rolled-back', StartedAt })).toEqual([
      'prepare done',
      'distribute done',
      'activate done',
      'rolling-back done',
      'rolled-back current',
    ]);
  });
});

describe('progress', () => {
  it('counts agents and the datacenter itself while the root is handed out', () => {
    expect(shareOf('distribute', progress())).toBe(1);
    expect(shareOf('distribute', progress({ Staged: false }))).toBe(0.75);
    expect(shareOf('distribute', progress({ Agents: { Total: 0, Live: 0, Trusting: 0 }, Staged: false }))).toBe(0);
  });

  it('counts leaves by whichever of reports and ledger has more to move', () => {
    expect(shareOf('activate', progress())).toBe(0.5);
    expect(shareOf('activate', progress({ Reported: false }))).toBe(0);
  });

  it('estimates by the slowest datacenter, and not at all without a rate', () => {
    expect(secondsToMove(movingAt(planned('dc1', 5), planned('dc2', 1)))).toBe(5);
    expect(secondsToMove(movingAt(planned('dc1', 5), planned('dc2')))).toBeUndefined();
  });

  it('puts what is under way before what is newer and finished', () => {
    const list = [
      { ID: 'c', Phase: 'rolled-back' },
      { ID: 'b', Phase: 'retire' },
    ] as unknown as Rotation[];
    expect(foremost(list)?.ID).toBe('b');
    expect(foremost(list.slice(0, 1))?.ID).toBe('c');
    expect(foremost([])).toBeUndefined();
  });
});
