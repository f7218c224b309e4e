import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Api, startApi } from './api-fixture.js';

let api: Api;
beforeEach(async () => {
  api = await startApi();
});
afterEach(async () => {
  await api.stop();
});

describe('GET /v1/operator/federation', () => {
  it('shows every datacenter in one look, and null where nothing is known', async () => {
    const answer = await api.ask('GET', '/v1/operator/federation', 'reader');
    const { Datacenters, ...rest } = JSON.parse(answer.body) as { Datacenters: Record<string, unknown>[] };
    expect(rest).toEqual({
      Datacenter: 'dc1',
      PrimaryDatacenter: 'dc1',
      TrustDomain: '6f1d0c52-9a3b-4e07-8d15-2b7c9e40aa61.consul',
    });
    expect(Datacenters[0]).toEqual({
      Name: 'dc2',
      Role: 'secondary',
      State: 'READY',
      Reason: '',
      WANAddresses: ['10.0.2.5:8302'],
      Link: { State: 'up', LastContactMs: 900 },
      LagIndex: 3,
      LagSeconds: 1.3,
      Canary: { State: 'GREEN', RoundTripMs: 12, ObjectiveMs: 10_000 },
      ReportedAt: '2026-01-01T00:00:00.000Z',
      Servers: [{ ID: 's', Name: 'dc2-server-1', Version: '0.1.0', Alive: true, Leases: ['authority'] }],
      Agents: { Total: 4, Live: 3, Versions: { '0.1.0': 3 } },
      SigningRootID: 'aa:bb',
      Intermediate: {
        SerialNumber: '40:01',
        KeyID: 'cc:dd',
        NotBefore: '2026-01-01T00:00:00.000Z',
        NotAfter: expect.stringMatching(/^2125-/),
        LifeUsed: expect.any(Number),
      },
    });
    expect(Datacenters[1]).toMatchObject({
      Name: 'dc3',
      State: 'UNKNOWN',
      Link: { State: 'unknown', LastContactMs: null },
      LagIndex: null,
      LagSeconds: null,
      Canary: null,
      Servers: [],
      Agents: { Total: 0, Live: 0, Versions: {} },
      Intermediate: null,
    });
  });

  it('is for who may read operator', async () => {
    const answer = await api.ask('GET', '/v1/operator/federation', 'web');
    expect([answer.status, answer.headers['x-banyan-error']]).toEqual([403, 'PERMISSION_DENIED']);
  });
});
