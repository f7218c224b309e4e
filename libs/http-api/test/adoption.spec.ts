import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Api, startApi } from './api-fixture.js';

let api: Api;
beforeEach(async () => {
  api = await startApi();
});
afterEach(() => api.stop());

const read = async (path: string) => {
  const answer = await api.ask('GET', path, 'reader');
  expect(answer.status).toBe(200);
  return JSON.parse(answer.body) as Record<string, unknown> & { Agents: { Node: string }[]; Next?: string };
};
const nodes = async (query: string) => {
  const { Agents, Next } = await read(`/v1/connect/ca/adoption/agents${query}`);
  return [Agents.map(({ Node }) => Node).join(' '), Next];
};

describe('GET /v1/connect/ca/adoption', () => {
  it('shows what the datacenter tells its primary', async () => {
    api.adoption.add('n1');
    expect(await read('/v1/connect/ca/adoption')).toEqual({
      Datacenter: 'dc1',
      Bundle: ['aa:01', 'aa:02'],
      SigningRootID: 'aa:01',
      StagedRootID: 'aa:02',
      Agents: { Total: 1, Live: 1, Trusting: { 'aa:01': 1, 'aa:02': 0 } },
      Leaves: { 'aa:01': 2 },
      Identities: { 'aa:01': 1 },
      LedgerLeaves: { 'aa:01': 2 },
      Horizons: { 'aa:01': '2026-01-01T00:00:01.000Z' },
      Signing: { MeasuredPerSecond: 1_234.6, BudgetPerSecond: 250 },
      Shadow: { RootID: '', Checked: 0, Failed: 0, Probed: 0, Failures: [] },
      Laggards: [
        {
          Node: 'n1',
          Reason: 'pending',
          Detail: '1 roots not received yet',
          SeenAt: '2026-01-01T00:00:00.000Z',
          Live: true,
          Lacks: ['aa:02'],
          Leaves: { 'aa:01': 2 },
          IdentityRootID: 'aa:01',
        },
      ],
    });
  });

  it.each(['agent', 'web', undefined] as const)('refuses a caller that may not read as an operator: %s', async (as) => {
    for (const path of ['/v1/connect/ca/adoption', '/v1/connect/ca/adoption/agents']) {
      expect((await api.ask('GET', path, as)).status).toBe(403);
    }
  });
});

describe('GET /v1/connect/ca/adoption/agents', () => {
  it('shows every agent with its report and its standing', async () => {
    api.adoption.add('n1', { bundle: ['aa:01', 'aa:02'] });
    api.adoption.add('n2', { clockOffsetMs: 31_000, leaves: { byRoot: {}, rateLimited: 0 } });
    const { Agents, ...rest } = await read('/v1/connect/ca/adoption/agents');
    expect(rest).toEqual({ Total: 2 });
    expect(Agents).toEqual([
      {
        Node: 'n1',
        SeenAt: '2026-01-01T00:00:00.000Z',
        Live: true,
        Laggard: null,
        Report: {
          Bundle: ['aa:01', 'aa:02'],
          IdentityRootID: 'aa:01',
          Sidecars: { Total: 0, Trusting: {}, Stale: 0 },
          Leaves: { ByRoot: { 'aa:01': 2 }, OldestAt: '2026-01-01T00:00:00.000Z', RateLimited: 0 },
          Handshakes: { 'aa:01': { Count: 4, LastAt: '2026-01-01T00:00:00.000Z' } },
          Shadow: { RootID: '', Checked: 0, Failed: 0, Probed: 0, Failures: [] },
          ClockOffsetMs: -3,
          Version: '0.1.0',
        },
      },
      expect.objectContaining({ Node: 'n2', Laggard: expect.objectContaining({ Reason: 'clock-skew' }) }),
    ]);
  });

  it('gives pages, and those behind for one reason', async () => {
    for (const node of ['n1', 'n2', 'n3', 'n4', 'n5'])
      api.adoption.add(node, { clockOffsetMs: node === 'n4' ? 1e6 : 0 });
    expect(await nodes('?limit=2')).toEqual(['n1 n2', 'n2']);
    expect(await nodes('?limit=2&after=n2')).toEqual(['n3 n4', 'n4']);
    expect(await nodes('?limit=2&after=n4')).toEqual(['n5', undefined]);
    expect(await nodes('?reason=clock-skew')).toEqual(['n4', undefined]);
    expect(await nodes('?reason=pending&limit=3')).toEqual(['n1 n2 n3', 'n3']);
  });

  it.each(['?limit=0', '?limit=1001', '?limit=x', '?reason=lazy'])('refuses %s by name', async (query) => {
    const answer = await api.ask('GET', `/v1/connect/ca/adoption/agents${query}`, 'reader');
    expect([answer.status, answer.body]).toEqual([
      400,
      expect.stringContaining(`Invalid value for ?${query.slice(1, 6)}`),
    ]);
  });
});
