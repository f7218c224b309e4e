import type { SidecarReport } from '@banyan/adoption';
import { TestAuthority } from '@banyan/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AGENT, MANAGER, READER, startAgent, type TestAgent, TRUST_DOMAIN, WEB } from './agent-fixture.js';

const [R1, R2] = ['aa:01', 'bb:02'];
const PATH = '/v1/agent/connect/sidecar';
const peer = `spiffe://${TRUST_DOMAIN}/ns/default/dc/dc2/svc/billing`;

const none: SidecarReport['shadow'] = { checked: 0, failed: 0, probed: 0, failures: [] };
const report = (more: Partial<SidecarReport> = {}): SidecarReport => ({
  service: 'web',
  bundle: [R1, R2],
  leaf: { serial: '0a:0b', rootId: R2 },
  handshakes: {},
  shadow: none,
  ...more,
});
const failing = (lastAt: number, name = peer): SidecarReport['shadow']['failures'][number] => ({
  peer: name,
  service: 'web',
  direction: 'inbound',
  reason: 'CHAIN_ISSUER_UNKNOWN: no root',
  count: 2,
  lastAt,
});

let agent: TestAgent;
const put = (id: string, body: unknown, as = WEB) => agent.ask('PUT', `${PATH}/${id}`, as, body);
const register = (ID: string, Name = 'web') =>
  agent.ask('PUT', '/v1/agent/service/register', MANAGER, { ID, Name, Port: 80, Connect: { SidecarService: {} } });

beforeAll(async () => {
  agent = await startAgent({ authority: await TestAuthority.create(TRUST_DOMAIN, 'reports') });
  for (const id of ['web-1', 'web-2']) expect((await register(id)).status).toBe(200);
  await register('db-1', 'db');
});
afterAll(() => agent.stop());

describe('a report of a sidecar', () => {
  it('is taken under the ID of the proxy or of the service, with the token of the service', async () => {
    for (const id of ['web-1-sidecar-proxy', 'web-2']) expect((await put(id, report())).status).toBe(200);
    expect(agent.reports.summary().sidecars).toEqual({ total: 2, trusting: { [R1]: 2, [R2]: 2 } });
  });

  it.each([
    ['nobody', undefined, 'Permission denied: anonymous'],
    ['a reader', READER, 'lacks permission \'service:write\' on "web"'],
    ['the agent', AGENT, 'lacks permission \'service:write\' on "web"'],
  ])('is refused to %s', async (_who, as, text) => {
    const answer = await agent.ask('PUT', `${PATH}/web-1`, as, report());
    expect([answer.status, answer.headers['x-banyan-error']]).toEqual([403, 'PERMISSION_DENIED']);
    expect(answer.body).toContain(text);
  });

  it('is refused for an unknown ID, for another service, and for a service that the token is not of', async () => {
    const answers = [
      await put('nothing', report()),
      await put('db-1', report()),
      await put('db-1', report({ service: 'db' })),
    ];
    expect(answers.map(({ status, headers }) => [status, headers['x-banyan-error']])).toEqual([
      [404, 'SERVICE_NOT_FOUND'],
      [400, 'REQUEST_INVALID'],
      [403, 'PERMISSION_DENIED'],
    ]);
  });

  it.each([
    ['an unknown key', { ...report(), extra: 1 }],
    ['no leaf', { ...report(), leaf: undefined }],
    ['a negative count', report({ shadow: { ...none, failed: -1 } })],
    [
      'more than 20 failing peers',
      report({ shadow: { ...none, failures: Array.from({ length: 21 }, (_, n) => failing(n)) } }),
    ],
    ['more roots than a bundle holds', report({ bundle: Array.from({ length: 65 }, (_, n) => `r${n}`) })],
    [
      'handshakes under more roots than a bundle holds',
      report({
        handshakes: Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`r${n}`, { count: 1, lastAt: 1 }])),
      }),
    ],
  ])('is refused with %s, and what was there stays', async (_what, body) => {
    const before = agent.reports.summary();
    const answer = await put('web-1', body);
    expect([answer.status, answer.headers['x-banyan-error']]).toEqual([400, 'REQUEST_INVALID']);
    expect(agent.reports.summary()).toEqual(before);
  });
});

describe('the summary', () => {
  it('adds up, names failing peers under their own service, most recent first, and tells who is stale', async () => {
    agent.rollout = { comparedRootId: R2, leafRoots: [R2] };
    await put('web-2', report({ bundle: [], leaf: { serial: '01' } }));
    await put(
      'web-1-sidecar-proxy',
      report({
        leaf: { serial: '01', rootId: R1 },
        handshakes: { [R1]: { count: 3, lastAt: 70 }, [R2]: { count: 1, lastAt: 50 } },
        shadow: { rootId: R2, checked: 4, failed: 3, probed: 1, failures: [{ ...failing(60), service: 'db' }] },
      }),
    );
    expect(agent.reports.summary()).toEqual({
      sidecars: { total: 2, trusting: { [R1]: 1, [R2]: 1 } },
      staleSidecars: 2,
      handshakes: { [R1]: { count: 3, lastAt: 70 }, [R2]: { count: 1, lastAt: 50 } },
      // One sidecar does not compare yet, so the counts are not those of a root.
      shadow: { checked: 4, failed: 3, probed: 1, failures: [failing(60)] },
    });
    await put(
      'web-2',
      report({
        handshakes: { [R2]: { count: 5, lastAt: 90 } },
        shadow: { rootId: R2, checked: 5, failed: 1, probed: 0, failures: [failing(90, `${peer}-2`)] },
      }),
    );
    expect(agent.reports.summary()).toMatchObject({
      staleSidecars: 1,
      handshakes: { [R1]: { count: 3 }, [R2]: { count: 6, lastAt: 90 } },
      shadow: { rootId: R2, checked: 9, failed: 4, probed: 1, failures: [failing(90, `${peer}-2`), failing(60)] },
    });
  });

  it('leaves out what was compared against another root', async () => {
    agent.rollout = { comparedRootId: 'cc:03', leafRoots: [] };
    expect(agent.reports.summary()).toMatchObject({ staleSidecars: 0, shadow: none });
    expect(agent.reports.summary().shadow).not.toHaveProperty('rootId');
  });

  it('tells listeners of every change but that of a count', async () => {
    const told: number[] = [];
    const end = agent.reports.onChange(() => told.push(told.length));
    const shadow = { ...none, rootId: R2, checked: 1 };
    const steps: readonly Partial<SidecarReport>[] = [
      { shadow },
      { shadow: { ...shadow, checked: 9 }, handshakes: {} },
      { shadow: { ...shadow, checked: 9, failed: 1, failures: [failing(1)] } },
      { shadow: { ...shadow, checked: 10, failed: 1, failures: [failing(1)] } },
      { leaf: { serial: '01', rootId: R1 } },
      { bundle: [R2], leaf: { serial: '01', rootId: R1 } },
    ];
    const seen: number[] = [];
    for (const step of steps) {
      await put('web-1', report(step));
      seen.push(told.length);
    }
    expect(seen).toEqual([1, 1, 2, 2, 3, 4]);
    end();
    await put('web-1', report());
    expect(told).toHaveLength(4);
  });

  it('forgets a sidecar that was not heard for a minute, and one whose service is gone', async () => {
    for (const id of ['web-1', 'web-2']) await put(id, report());
    await agent.ask('PUT', '/v1/agent/service/deregister/web-2', MANAGER);
    const left = agent.reports.summary().sidecars.total;
    expect(left).toBe(2); // web-1 and its proxy; web-2 and its report went together
    agent.clock.aheadMs += 60_500;
    await put('web-1', report());
    expect(agent.reports.summary().sidecars.total).toBe(1);
    agent.clock.aheadMs -= 60_500;
  });
});
