import { describe, expect, it } from '@jest/globals';
import { next, type Rotation, type RotationEvent } from '@banyan/rotation';
import {
  at,
  begun,
  effectText,
  heard,
  laggard,
  lookOf,
  MOVED,
  prepared,
  type Said,
  SIGNS,
  silent,
  TRUSTS,
} from './federation.js';

const MINUTE = 60;
const HOUR = 3_600;

/** A step of a story: a name for the reader, and the event. */
type Told = readonly [name: string, event: RotationEvent];

const sees = (name: string, seconds: number, dc1: Said, dc2: Said | undefined, activeRootId = 'R2'): Told => {
  const now = at(seconds);
  const datacenters = [heard('dc1', now, dc1), dc2 === undefined ? silent('dc2') : heard('dc2', now, dc2)];
  return [name, { kind: 'evidence', at: now, look: lookOf(datacenters, { activeRootId }) }];
};

/** Every step as a line: phase, what happened → phase, health unless running, effects, and the first blocker. */
const tell = (rotation: Rotation, story: readonly Told[]): string => {
  let current = rotation;
  const lines = story.map(([name, event]) => {
    const outcome = next(current, event);
    if (outcome.kind === 'illegal') {
      return `${current.phase}, ${name} → illegal: ${outcome.reason}. Possible: ${outcome.possible.join(' ') || 'nothing'}`;
    }
    const from = current.phase;
    current = outcome.rotation;
    const health = current.health === 'running' ? '' : `, ${current.health}`;
    const effects = outcome.effects.length === 0 ? '' : `: ${outcome.effects.map(effectText).join(', ')}`;
    const gate = current.phase === from ? current.gates[from] : undefined;
    const blocker = gate?.blockers[0];
    const waits =
      blocker === undefined
        ? ''
        : ` | ${blocker.datacenter}${blocker.node === undefined ? '' : `/${blocker.node}`} ${blocker.reason}`;
    return `${from}, ${name} → ${current.phase}${health}${effects}${waits}`;
  });
  return lines.join('\n');
};

const waive = (seconds: number, node?: string): RotationEvent => ({
  kind: 'waive',
  at: at(seconds),
  by: 'ana',
  datacenter: 'dc2',
  ...(node !== undefined && { node }),
  reason: 'scrapped',
});

const lines = (text: string): string =>
  text
    .trim()
    .split('\n')
    .map((line) => line.trim())
    .join('\n');

describe('the story of a rotation', () => {
  it('goes from one root to the next when everybody follows', () => {
    expect(
      tell(begun(), [
        ['root made', prepared(at(1))],
        sees('nobody has it', 2, {}, {}, 'R1'),
        sees('dc1 has it', 3, TRUSTS, {}, 'R1'),
        sees('both have it', 4, TRUSTS, TRUSTS, 'R1'),
        sees('dc2 still signs under R1', 6, MOVED, TRUSTS),
        sees('leaves of dc2 move', 7, MOVED, SIGNS),
        sees('all moved', 8, MOVED, MOVED),
        sees('window runs', 9, MOVED, MOVED),
        sees('window over', 8 + 5 * MINUTE + 2, MOVED, MOVED),
        sees('grace runs', HOUR / 2, MOVED, MOVED),
        sees('grace over', 2 * HOUR, MOVED, MOVED),
        sees('nothing more', 3 * HOUR, MOVED, MOVED),
      ]),
    ).toBe(
      lines(`
        prepare, root made → distribute: publish R2
        distribute, nobody has it → distribute | dc1 root-missing
        distribute, dc1 has it → distribute | dc2 root-missing
        distribute, both have it → activate: activate R2
        activate, dc2 still signs under R1 → activate | dc2 signing
        activate, leaves of dc2 move → activate | dc2/* leaves
        activate, all moved → verify
        verify, window runs → verify
        verify, window over → retire
        retire, grace runs → retire
        retire, grace over → completed: drop R1
        completed, nothing more → illegal: it is completed, and the previous root is gone. Possible: nothing
      `),
    );
  });

  it('waits for a laggard by name, and goes on when the cross-signed certificate covers it', () => {
    const slow: Said = {
      ...TRUSTS,
      agents: { total: 2, live: 2, trusting: { R1: 2, R2: 1 } },
      laggards: [laggard('n2', { reason: 'clock-skew', detail: '40 s ahead', lacks: ['R2'] })],
    };
    const wait = 15 * MINUTE;
    expect(
      tell(begun(), [
        ['root made', prepared(at(1))],
        sees('n2 lacks R2', 2, TRUSTS, slow, 'R1'),
        sees('the wait is not over', wait, TRUSTS, slow, 'R1'),
        sees('the wait is over', wait + 1, TRUSTS, slow, 'R1'),
      ]),
    ).toBe(
      lines(`
        prepare, root made → distribute: publish R2
        distribute, n2 lacks R2 → distribute, blocked | dc2/n2 clock-skew
        distribute, the wait is not over → distribute, blocked | dc2/n2 clock-skew
        distribute, the wait is over → activate: activate R2
      `),
    );
  });

  it('without cross-signing waits for everybody, or for a waiver', () => {
    const advance: RotationEvent = { kind: 'advance', at: at(DAY), by: 'ana', look: lookOf([silent('dc2')]) };
    expect(
      tell(begun(), [
        ['root made', prepared(at(1), { crossSigned: false })],
        sees('dc2 is silent for a day', DAY, TRUSTS, undefined, 'R1'),
        ['ana advances', advance],
        ['ana waives an agent of dc2', waive(DAY + 1, 'n1')],
        sees('dc2 is silent', DAY + 2, TRUSTS, undefined, 'R1'),
        ['ana waives dc2', waive(DAY + 3)],
        sees('dc2 is silent', DAY + 4, TRUSTS, undefined, 'R1'),
      ]),
    ).toBe(
      lines(`
        prepare, root made → distribute: publish R2
        distribute, dc2 is silent for a day → distribute, blocked | dc2 unreported
        distribute, ana advances → illegal: the next root is not cross-signed, so whoever does not trust it would break: waive them by name. Possible: pause rollback waive
        distribute, ana waives an agent of dc2 → distribute, blocked | dc2 unreported
        distribute, dc2 is silent → distribute, blocked | dc2 unreported
        distribute, ana waives dc2 → distribute, blocked | dc2 unreported
        distribute, dc2 is silent → activate: activate R2
      `),
    );
  });

  it('rolls back while leaves move, and drops the next root when nobody holds a leaf under it', () => {
    const back: Said = {
      ...SIGNS,
      signingRootId: 'R1',
      leaves: { R1: 3, R2: 1 },
      ledgerLeaves: { R1: 4 },
      horizons: { R1: at(DAY), R2: at(DAY) },
    };
    const rollback: RotationEvent = {
      kind: 'rollback',
      at: at(9),
      by: 'ana',
      look: lookOf([], { activeRootId: 'R2' }),
    };
    const moved: Said = { ...back, leaves: { R1: 4 }, horizons: { R1: at(DAY), R2: at(DAY) } };
    expect(
      tell(begun(), [
        ['root made', prepared(at(1))],
        sees('both have it', 2, TRUSTS, TRUSTS, 'R1'),
        sees('leaves move', 3, SIGNS, MOVED),
        ['ana rolls back', rollback],
        ['ana rolls back again', { ...rollback, at: at(10) }],
        sees('dc2 still signs under R2', 11, moved, MOVED, 'R1'),
        sees('a leaf is left', 12, moved, back, 'R1'),
        sees('all are back', 13, moved, moved, 'R1'),
      ]),
    ).toBe(
      lines(`
        prepare, root made → distribute: publish R2
        distribute, both have it → activate: activate R2
        activate, leaves move → activate | dc1/* leaves
        activate, ana rolls back → rolling-back: reactivate R1 instead of R2
        rolling-back, ana rolls back again → illegal: it is being rolled back already. Possible: pause waive retire
        rolling-back, dc2 still signs under R2 → rolling-back | dc2 signing
        rolling-back, a leaf is left → rolling-back | dc2/* leaves
        rolling-back, all are back → rolled-back: drop R2
      `),
    );
  });

  it('a compromised root goes by the deadline, whoever still needs it', () => {
    const offline: Said = {
      ...MOVED,
      leaves: { R2: 3, R1: 1 },
      agents: { total: 2, live: 1, trusting: { R1: 1, R2: 1 } },
      laggards: [laggard('n2', { reason: 'offline', live: false, leaves: { R1: 1 } })],
    };
    expect(
      tell(begun({ reason: 'compromise' }), [
        ['a cross-signed root', prepared(at(1))],
        ['root made', prepared(at(1), { crossSigned: false })],
        sees('dc1 has it, dc2 was never heard', 2, TRUSTS, undefined, 'R1'),
        sees('n2 is offline', 4, MOVED, offline),
        ['ana rolls back', { kind: 'rollback', at: at(5), by: 'ana', look: lookOf([], { activeRootId: 'R2' }) }],
        sees('the deadline', 10 * MINUTE, MOVED, offline),
        sees('at once', 10 * MINUTE, MOVED, offline),
      ]),
    ).toBe(
      lines(`
        prepare, a cross-signed root → illegal: a compromised root never vouches for the next one. Possible: pause rollback waive
        prepare, root made → distribute: publish R2
        distribute, dc1 has it, dc2 was never heard → activate: activate R2
        activate, n2 is offline → activate, blocked | dc2/n2 offline
        activate, ana rolls back → illegal: the previous root is compromised: there is no way back to it. Possible: pause waive advance retire
        activate, the deadline → retire
        retire, at once → completed: drop R1
      `),
    );
  });

  it('verifies anew when a handshake needed the previous root, and names the peer', () => {
    const failing: Said = {
      ...MOVED,
      shadow: {
        rootId: 'R2',
        checked: 20,
        failed: 1,
        probed: 0,
        failures: [
          {
            peer: 'spiffe://x/ns/default/dc/dc2/svc/api',
            service: 'web',
            direction: 'outbound',
            reason: 'CHAIN_ISSUER_UNKNOWN',
            count: 1,
            lastAt: at(60),
          },
        ],
      },
    };
    expect(
      tell(begun(), [
        ['root made', prepared(at(1))],
        sees('both have it', 2, TRUSTS, TRUSTS, 'R1'),
        sees('all moved', 3, MOVED, MOVED),
        sees('a failure', 61, failing, MOVED),
        sees('the first window would be over', 4 + 5 * MINUTE, failing, MOVED),
        sees('the second is', 62 + 5 * MINUTE, failing, MOVED),
      ]),
    ).toBe(
      lines(`
        prepare, root made → distribute: publish R2
        distribute, both have it → activate: activate R2
        activate, all moved → verify
        verify, a failure → verify, blocked | dc1 shadow
        verify, the first window would be over → verify, blocked | dc1 shadow
        verify, the second is → retire
      `),
    );
  });
});

const DAY = 24 * HOUR;
