import { epochMs } from '@banyan/kernel';
import { describe, expect, it } from '@jest/globals';
import {
  type AgentReport,
  type AuthorityFacts,
  datacenterAdoptionSchema,
  type KnownAgent,
  NO_SIDECARS,
  reissueSpreadMs,
  type Shadow,
  summarize,
} from '../src/index.js';
import { materialAdoptionHash } from '../src/domain/material-report.js';

const NOW = epochMs(1_800_000_000_000);
const SECOND_ROOT = 'r2';
const authority: AuthorityFacts = {
  datacenter: 'dc1',
  bundle: ['r1', SECOND_ROOT],
  signingRootId: SECOND_ROOT,
  tainted: false,
  horizons: {},
  signing: { budgetPerSecond: 50 },
};
const report = (changes: Partial<AgentReport> = {}): AgentReport => ({
  bundle: ['r1', SECOND_ROOT],
  identityRootId: SECOND_ROOT,
  leaves: { byRoot: { r2: 3 }, rateLimited: 0 },
  ...NO_SIDECARS,
  clockOffsetMs: 0,
  version: '1',
  ...changes,
});
const agent = (changes: Partial<AgentReport> = {}, node = 'n1', silentMs = 0): KnownAgent => ({
  node,
  seenAt: epochMs(NOW - silentMs),
  report: report(changes),
});
const sum = (agents: readonly KnownAgent[], facts: Partial<AuthorityFacts> = {}) => {
  const adoption = summarize({ authority: { ...authority, ...facts }, agents, ledgerLeaves: { r2: 3 }, now: NOW });
  // Whatever is made here travels to the primary, which parses it.
  expect(datacenterAdoptionSchema.parse(adoption)).toEqual(adoption);
  return adoption;
};
const holding = (byKey: Record<string, number>, identityKeyId: string) => ({
  leaves: { byRoot: { r2: 3 }, byKey, rateLimited: 0 },
  identityKeyId,
});
const withLeaves = (byRoot: Record<string, number>, rateLimited = 0) => ({ leaves: { byRoot, rateLimited } });
const withSidecars = (total: number, trusting: Record<string, number>) => ({ sidecars: { total, trusting } });

const failure = (peer: string, lastAt: number) =>
  ({ peer, service: 'web', direction: 'inbound', reason: 'no', count: 1, lastAt }) as const;
const shadow = (changes: Partial<Shadow>): Partial<AgentReport> => ({
  ...withSidecars(1, { r1: 1, r2: 1 }),
  shadow: { rootId: 'r2', checked: 2, failed: 0, probed: 1, failures: [], ...changes },
});

describe('an adoption', () => {
  it('says what is left under the keys before the last rotation, and which agents have it', () => {
    const key = { keyId: 'k2', keyFingerprint: 'cc', notAfter: NOW + 1, rotationId: 'r' };
    const facts = { key, leavingKeyIds: ['k0', 'k1'] };
    const agents = [
      agent(holding({ k2: 3 }, 'k2')),
      agent(holding({ k0: 1, k1: 1, k2: 1 }, 'k1'), 'n2'),
      agent(holding({ k1: 3 }, 'k1'), 'n3', 60_000),
    ];
    const parts = { authority: { ...authority, ...facts }, agents, ledgerLeaves: { r2: 9 }, now: NOW };
    const adoption = summarize({ ...parts, ledgerLeavesByKey: { k1: 4, k2: 5 } });
    expect(datacenterAdoptionSchema.parse(adoption)).toEqual(adoption);
    // A silent agent's own certificate is not waited for: it finds its way back by itself.
    expect(adoption.key).toEqual({ ...key, leaving: { leaves: 5, ledgerLeaves: 4, identities: 1 } });
    expect(adoption.laggards.map(({ node, reason, leavingKey }) => ({ node, reason, leavingKey }))).toEqual([
      { node: 'n3', reason: 'offline', leavingKey: { leaves: 3, identity: false } },
      { node: 'n2', reason: 'pending', leavingKey: { leaves: 2, identity: true } },
    ]);
    expect(adoption.laggards[1]!.detail).toBe(
      '2 leaves under the former key, its own certificate is under the former key',
    );
    expect(materialAdoptionHash(adoption)).not.toBe(materialAdoptionHash(summarize(parts)));
  });

  it('of agents that have done everything names nobody', () => {
    const adoption = sum([agent(), agent({}, 'n2')], { stagedRootId: 'r3' });
    expect(adoption).toMatchObject({
      datacenter: 'dc1',
      signingRootId: 'r2',
      stagedRootId: 'r3',
      agents: { total: 2, live: 2, trusting: { r1: 2, r2: 2 } },
      leaves: { r2: 6 },
      identities: { r2: 2 },
      ledgerLeaves: { r2: 3 },
      laggards: [],
    });
  });

  it('of no agent is empty, before there is an authority too', () => {
    const { signingRootId: _, ...vacant } = authority;
    const adoption = summarize({ authority: { ...vacant, bundle: [] }, agents: [], ledgerLeaves: {}, now: NOW });
    expect(adoption).toMatchObject({ agents: { total: 0, live: 0, trusting: {} }, leaves: {}, laggards: [] });
    expect(adoption).not.toHaveProperty('signingRootId');
  });

  it.each<[string, KnownAgent, string, RegExp]>([
    ['was not heard for 15 s', agent({}, 'n1', 15_001), 'offline', /^offline since 2027-.*Z \(15 s\)$/],
    ['is 31 s ahead', agent({ clockOffsetMs: 31_000 }), 'clock-skew', /31 s ahead of/],
    ['is 31 s behind', agent({ clockOffsetMs: -31_000 }), 'clock-skew', /31 s behind/],
    [
      'was 31 s behind when it was last heard',
      agent({ clockOffsetMs: -31_000 }, 'n1', 15_001),
      'clock-skew',
      /^its clock was 31 s behind the servers', and it is offline since 2027-[^ ]*Z$/,
    ],
    ['waits for the CSR limit', agent(withLeaves({ r1: 4, r2: 1 }, 3)), 'rate-limited', /^3 of 4 renewals/],
    ['reports nothing', { node: 'n1', seenAt: NOW }, 'version', /older version/],
    ['has a sidecar that lacks the root', agent(withSidecars(2, { r1: 2, r2: 1 })), 'sidecar', /^1 of 2 sidecars/],
    ['has a stale sidecar', agent({ ...withSidecars(2, { r1: 2, r2: 2 }), staleSidecars: 1 }), 'sidecar', /^1 of 2/],
    ['lacks the root', agent({ bundle: ['r1'] }), 'pending', /^1 roots not received yet$/],
    [
      'has leaves under the other root',
      agent(withLeaves({ r1: 2, r2: 1 })),
      'pending',
      /^2 leaves under another root$/,
    ],
    ['has its own certificate under it', agent({ identityRootId: 'r1' }), 'pending', /own certificate/],
  ])('names an agent that %s', (_what, behind, reason, detail) => {
    const { laggards } = sum([agent({}, 'n0'), behind]);
    expect(laggards).toEqual([
      expect.objectContaining({ node: 'n1', reason, detail: expect.stringMatching(detail), seenAt: behind.seenAt }),
    ]);
  });

  it.each<[string, KnownAgent]>([
    ['heard 15 s ago', agent({}, 'n1', 15_000)],
    ['30 s off', agent({ clockOffsetMs: -30_000 })],
    ['told to wait with a renewal under the same root', agent(withLeaves({ r2: 3 }, 1))],
    ['without its own certificate', { node: 'n1', seenAt: NOW, report: withoutIdentity() }],
  ])('does not name an agent %s', (_what, well) => {
    expect(sum([well]).laggards).toEqual([]);
  });

  it('names the worst first and at most 100, and counts all', () => {
    const many = Array.from({ length: 150 }, (_, at) => agent({ bundle: ['r1'] }, `p${String(at).padStart(3, '0')}`));
    const adoption = sum([
      ...many,
      agent({ clockOffsetMs: 60_000 }, 'skewed'),
      agent({}, 'silent', 20_000),
      agent({}, 'longer-silent', 60_000),
    ]);
    expect(adoption.laggards.slice(0, 4).map(({ node }) => node)).toEqual([
      'longer-silent',
      'silent',
      'skewed',
      'p000',
    ]);
    expect(adoption.laggards).toHaveLength(100);
    expect(adoption.agents).toEqual({ total: 153, live: 151, trusting: { r1: 151, r2: 1 } });
    expect(adoption.laggards[3]).toMatchObject({ lacks: ['r2'], live: true });
    expect(adoption.laggards[0]).toMatchObject({ lacks: [], live: false });
  });

  it('counts an agent as trusting only with all its sidecars, and only while it lives', () => {
    const { agents } = sum([agent(withSidecars(2, { r1: 2, r2: 1 })), agent({}, 'n2', 20_000), agent({}, 'n3')]);
    expect(agents).toEqual({ total: 3, live: 2, trusting: { r1: 2, r2: 1 } });
  });

  it('counts live agents by the root above their own certificate, apart from leaves', () => {
    const lost = sum([agent({ identityRootId: 'r1', leaves: { byRoot: { r2: 3 }, rateLimited: 0 } })]);
    expect([lost.leaves, lost.identities]).toEqual([{ r2: 3 }, { r1: 1 }]);
    expect(lost.laggards).toMatchObject([{ node: 'n1', leaves: { r2: 3 }, identityRootId: 'r1' }]);
    expect(sum([agent({ identityRootId: 'r1' }, 'n1', 60_000)]).identities).toEqual({});
  });

  it('counts leaves of silent agents until the horizon of their root has passed', () => {
    const silent = agent(withLeaves({ r1: 7 }), 'n1', 60_000);
    expect(sum([silent], { horizons: { r1: NOW + 1 } }).leaves).toEqual({ r1: 7 });
    expect(sum([silent], { horizons: { r1: NOW } }).leaves).toEqual({});
  });
});

describe('the merged shadow', () => {
  it('adds what was compared against the root that signs, and names the latest failures', () => {
    const agents = Array.from({ length: 30 }, (_, at) =>
      agent(shadow({ failed: 1, failures: [failure(`p${at}`, at)] }), `n${at}`),
    );
    const merged = sum(agents).shadow;
    expect(merged).toMatchObject({ rootId: 'r2', checked: 60, failed: 30, probed: 30 });
    expect(merged.failures).toHaveLength(20);
    expect(merged.failures[0]).toMatchObject({ peer: 'p29' });
  });

  it('names no root while a host with sidecars compares against another or none', () => {
    const other = agent(shadow({ rootId: 'r1', failed: 9 }), 'n2');
    expect(sum([agent(shadow({})), other]).shadow).toEqual({ checked: 2, failed: 0, probed: 1, failures: [] });
    expect(sum([agent(shadow({})), agent({}, 'n2')]).shadow.rootId).toBe('r2');
  });
});

describe('the spread of a re-issue', () => {
  it.each([
    [0, 50, false, 0],
    [3, 50, false, 75],
    [10_000, 250, false, 50_000],
    [10_000, 250, true, 40_000],
    [1_000_000, 50, false, 30 * 60_000],
    [10, 0, false, 30 * 60_000],
  ])('of %d certificates at %d per second (urgent: %s) is %d ms', (certificates, budgetPerSecond, urgent, ms) => {
    expect(reissueSpreadMs({ certificates, budgetPerSecond, urgent })).toBe(ms);
  });
});

function withoutIdentity(): AgentReport {
  const { identityRootId: _, ...rest } = report();
  return rest;
}
