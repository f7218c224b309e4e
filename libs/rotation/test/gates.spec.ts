import { describe, expect, it } from '@jest/globals';
import { next, type Rotation, type RotationEvent } from '@banyan/rotation';
import { GATES } from '../src/domain/gated-steps.js';
import { begun, heard, laggard, lookOf, MOVED, prepared, type Said, silent, TRUSTS, at } from './federation.js';

/** Moves a rotation along, refusing to go on where a test went wrong. */
const after = (rotation: Rotation, ...events: readonly RotationEvent[]): Rotation =>
  events.reduce((current, event) => {
    const outcome = next(current, event);
    if (outcome.kind === 'illegal') throw new Error(outcome.reason);
    return outcome.rotation;
  }, rotation);

const evidence = (seconds: number, said: Said, activeRootId = 'R2'): RotationEvent => ({
  kind: 'evidence',
  at: at(seconds),
  look: lookOf([heard('dc1', at(seconds), said)], { activeRootId }),
});
const distributing = after(begun(), prepared(at(1)));
const activating = after(distributing, evidence(2, TRUSTS, 'R1'));
const verifying = after(activating, evidence(3, MOVED));
const retiring = after(verifying, evidence(400, MOVED));

const names = (gate: keyof typeof GATES, rotation: Rotation, said: Said, seconds = 1_000) =>
  GATES[gate](rotation, lookOf([heard('dc1', at(seconds), said)], { activeRootId: 'R2' }), at(seconds)).blockers.map(
    ({ node, reason }) => `${node ?? 'servers'} ${reason}`,
  );

const waive = (node?: string): RotationEvent => ({
  kind: 'waive',
  at: at(4),
  by: 'ana',
  datacenter: 'dc1',
  ...(node !== undefined && { node }),
  reason: 'scrapped',
});

const failed = (seconds: number, count: number) =>
  evidence(seconds, { ...MOVED, shadow: { ...MOVED.shadow!, failed: count } });

describe('the gate of', () => {
  it('distribute asks for root, intermediate and every live agent, offline ones are covered', () => {
    expect(names('distribute', distributing, { bundle: ['R1'] })).toEqual(['servers root-missing']);
    const { stagedRootId: _none, ...unstaged } = TRUSTS;
    expect(names('distribute', distributing, unstaged)).toEqual(['servers not-staged']);
    const two = { total: 5, live: 4, trusting: { R2: 1 } };
    const laggards = [
      laggard('n1', { lacks: ['R2'] }),
      laggard('n2', { lacks: ['R2'], live: false, reason: 'offline' }),
      laggard('n3', { lacks: ['R2'], reason: 'version' }),
    ];
    expect(names('distribute', distributing, { ...TRUSTS, agents: two, laggards })).toEqual([
      'n1 pending',
      'n3 version',
      '* pending',
    ]);
  });

  it('activate counts leaves by report and by ledger, less what has ended, and names who holds them', () => {
    expect(names('activate', activating, MOVED)).toEqual([]);
    const leaves = { ...MOVED, leaves: { R1: 2, R2: 2 } };
    expect(names('activate', activating, leaves)).toEqual(['* leaves']);
    const laggards = [laggard('n1', { leaves: { R1: 2 }, reason: 'rate-limited' })];
    expect(names('activate', activating, { ...leaves, laggards })).toEqual(['n1 rate-limited']);
    expect(names('activate', activating, { ...leaves, laggards, horizons: { R1: at(999) } })).toEqual([]);
    expect(names('activate', activating, { ...MOVED, ledgerLeaves: { R1: 1, R2: 4 } })).toEqual(['* ledger']);
    expect(names('activate', activating, { ...MOVED, signingRootId: 'R1' })).toEqual(['servers signing']);
    expect(names('activate', activating, { ...MOVED, bundle: ['R1'] })).toEqual(['servers root-missing']);
  });

  it('activate takes a waived agent out of both counts, and a waived datacenter altogether', () => {
    const said = {
      ...MOVED,
      leaves: { R1: 1, R2: 3 },
      ledgerLeaves: { R1: 1, R2: 3 },
      laggards: [laggard('n1', { leaves: { R1: 1 }, reason: 'offline', live: false })],
    };
    // What the ledger knows of n1's leaf is not told twice; one more holder is somebody else.
    expect(names('activate', activating, said)).toEqual(['n1 offline']);
    const more = { ...said, ledgerLeaves: { R1: 2, R2: 3 } };
    expect(names('activate', activating, more)).toEqual(['n1 offline', '* ledger']);
    expect(names('activate', after(activating, waive('n1')), more)).toEqual(['* ledger']);
    expect(names('activate', after(activating, waive('n2')), said)).toEqual(['n1 offline']);
    expect(names('activate', after(activating, waive('n1')), said)).toEqual([]);
    expect(names('activate', after(activating, waive('*')), said)).toEqual([]);
    expect(names('activate', after(activating, waive()), { ...said, signingRootId: 'R1' })).toEqual([]);
  });

  it('activate waits for agents whose own certificate is under the root, without hiding a holder of a leaf', () => {
    const behind = laggard('n1', { identityRootId: 'R1' });
    const said = { ...MOVED, identities: { R1: 1, R2: 1 }, laggards: [behind] };
    expect(names('activate', activating, said)).toEqual(['n1 pending']);
    expect(names('activate', activating, { ...said, ledgerLeaves: { R1: 1, R2: 4 } })).toEqual([
      'n1 pending',
      '* ledger',
    ]);
    expect(names('activate', activating, { ...said, laggards: [] })).toEqual(['* pending']);
    expect(names('activate', after(activating, waive('n1')), said)).toEqual([]);
  });

  it('activate names an agent once that neither trusts the root nor has left the other', () => {
    const behind = laggard('n1', { lacks: ['R2'], leaves: { R1: 2 } });
    const agents = { total: 2, live: 2, trusting: { R1: 2, R2: 1 } };
    const said = { ...MOVED, agents, leaves: { R1: 2, R2: 2 }, ledgerLeaves: { R1: 2, R2: 2 }, laggards: [behind] };
    expect(names('activate', activating, said)).toEqual(['n1 pending']);
  });

  it('activate and rolling-back believe no report from before their phase', () => {
    const old = lookOf([heard('dc1', at(1), MOVED), silent('dc2')], { activeRootId: 'R2' });
    const reasons = GATES.activate(activating, old, at(900)).blockers.map(({ datacenter, reason }) => [
      datacenter,
      reason,
    ]);
    expect(reasons).toEqual([
      ['dc1', 'unreported'],
      ['dc2', 'unreported'],
    ]);
    const back = after(activating, {
      kind: 'rollback',
      at: at(10),
      by: 'ana',
      look: lookOf([], { activeRootId: 'R2' }),
    });
    const before = lookOf([heard('dc1', at(9), { bundle: ['R1', 'R2'] })]);
    expect(GATES['rolling-back'](back, before, at(11)).met).toBe(false);
    const since = lookOf([heard('dc1', at(11), { bundle: ['R1', 'R2'] })]);
    expect(GATES['rolling-back'](back, since, at(11)).met).toBe(true);
    // R1 was compromised meanwhile, and has left: nobody can be asked for it any more.
    const agents = { total: 2, live: 2, trusting: { R2: 2, R3: 2 } };
    const later = lookOf([heard('dc1', at(11), { bundle: ['R2', 'R3'], agents })], { activeRootId: 'R3' });
    expect(GATES['rolling-back'](back, later, at(11)).met).toBe(true);
  });

  it('verify asks everybody to look, lately, and at the right root', () => {
    const { shadow } = MOVED;
    expect(names('verify', verifying, MOVED)).toEqual([]);
    expect(names('verify', verifying, { ...MOVED, shadow: { ...shadow!, rootId: 'R1' } })).toEqual(['servers shadow']);
    const look = lookOf([heard('dc1', at(900), MOVED)], { activeRootId: 'R2' });
    expect(GATES.verify(verifying, look, at(961)).blockers.map(({ reason }) => reason)).toEqual(['unreported']);
    // Agents alone, as on hosts without a workload, make no handshake that could be compared.
    const idle = { ...MOVED, leaves: {}, ledgerLeaves: {}, shadow: { checked: 0, failed: 0, probed: 0, failures: [] } };
    expect(names('verify', verifying, idle)).toEqual([]);
  });

  it('verify begins its window anew when the count grows, not when an agent restarts', () => {
    const calm = after(verifying, failed(100, 0), failed(200, 0));
    expect(after(calm, failed(303, 0)).phase).toBe('retire');
    const grown = after(verifying, failed(100, 3), failed(200, 3));
    expect([grown.health, after(grown, failed(303, 3)).phase]).toEqual(['blocked', 'verify']);
    expect(after(grown, failed(300, 0), failed(400, 1)).phase).toBe('verify');
    expect(after(grown, failed(300, 0), failed(400, 0)).phase).toBe('retire');
  });

  it('verify names the peer also when the handshake was just before the window, and is told only now', () => {
    const peer = { peer: 'spiffe://x/svc/api', service: 'web', direction: 'outbound', reason: 'X', count: 1 } as const;
    const told = (lastAt: number) =>
      after(
        verifying,
        evidence(5, { ...MOVED, shadow: { ...MOVED.shadow!, failed: 1, failures: [{ ...peer, lastAt }] } }),
      );
    expect(told(at(2)).gates.verify?.blockers[0]?.detail).toContain('handshake of web with spiffe://x/svc/api');
    const known = after(activating, evidence(3, { ...MOVED, shadow: { ...MOVED.shadow!, failed: 1 } }));
    const still = { ...MOVED, shadow: { ...MOVED.shadow!, failed: 1, failures: [{ ...peer, lastAt: at(2) }] } };
    expect(after(known, evidence(5, still)).health).toBe('running');
  });

  it('verify and retire end with the horizon of every leaf, without a shadow and without a grace', () => {
    const { shadow: _blind, ...rest } = MOVED;
    const blind = { ...rest, shadow: { checked: 0, failed: 0, probed: 0, failures: [] }, horizons: { R1: at(500) } };
    expect(after(verifying, evidence(499, blind)).phase).toBe('verify');
    expect(after(verifying, evidence(500, blind)).phase).toBe('retire');
    expect(after(retiring, evidence(500, { ...MOVED, horizons: { R1: at(500) } })).phase).toBe('completed');
  });

  it('retire looks at everything again: trust, leaves, signing, shadow, and who comes first', () => {
    const late = 2 * 3_600;
    expect(after(retiring, evidence(late, MOVED)).phase).toBe('completed');
    const behind = { ...MOVED, agents: { total: 3, live: 3, trusting: { R2: 2 } } };
    expect(names('retire', retiring, behind, late)).toEqual(['* pending']);
    expect(names('retire', retiring, { ...MOVED, leaves: { R1: 1, R2: 3 } }, late)).toEqual(['* leaves']);
    expect(names('retire', retiring, { ...MOVED, signingRootId: 'R1' }, late)).toContain('servers signing');
    const look = lookOf([heard('dc1', at(late), MOVED)], { activeRootId: 'R2', earlier: ['first'] });
    const { met, blockers } = GATES.retire(retiring, look, at(late));
    expect([met, blockers.map(({ reason }) => reason)]).toEqual([false, ['earlier-rotation']]);
  });

  it('retire asks who trusts the root that is active by then, also when that is a later one', () => {
    const said = {
      ...MOVED,
      bundle: ['R1', 'R2', 'R3'],
      signingRootId: 'R3',
      leaves: { R3: 4 },
      ledgerLeaves: { R3: 4 },
    };
    const look = (trusting: number) =>
      lookOf(
        [
          heard('dc1', at(9_000), {
            ...said,
            agents: { total: 2, live: 2, trusting: { R3: trusting } },
            shadow: { ...MOVED.shadow!, rootId: 'R3' },
          }),
        ],
        {
          activeRootId: 'R3',
        },
      );
    expect(GATES.retire(retiring, look(1), at(9_000)).met).toBe(false);
    expect(GATES.retire(retiring, look(2), at(9_000)).met).toBe(true);
  });

  it('retire now is refused while somebody signs under the root, unless it is compromised', () => {
    const look = lookOf([heard('dc1', at(500), { ...MOVED, signingRootId: 'R1' })], { activeRootId: 'R2' });
    const retire: RotationEvent = { kind: 'retire', at: at(500), by: 'ana', look };
    expect(next(retiring, retire)).toMatchObject({
      kind: 'illegal',
      reason: expect.stringContaining('signs under root R1'),
    });
    const tainted = after(retiring, { kind: 'taint', at: at(450), by: 'ana', deadlineAt: at(9_000), reason: 'stolen' });
    const outcome = next(tainted, retire);
    expect(outcome).toMatchObject({ kind: 'moved', effects: [{ kind: 'drop', rootId: 'R1' }] });
  });
});
