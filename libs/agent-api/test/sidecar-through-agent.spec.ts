import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { AgentHttpReports, AgentHttpSource, SidecarProxy } from '@banyan/dataplane';
import { SecretText, SystemClock, SystemRandom, SystemTimers } from '@banyan/kernel';
import { eventually, RecordingLogger, TestAuthority } from '@banyan/testkit';
import { afterEach, describe, expect, it } from '@jest/globals';
import { MANAGER, ROOTS, startAgent, TRUST_DOMAIN, WEB } from './agent-fixture.js';

const MATCH = '/v1/connect/intentions/match?by=destination&name=web';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

/** A real sidecar of web on a real agent, in front of a workload that echoes. */
const sidecarOn = async (authority: TestAuthority) => {
  const agent = await startAgent({ authority });
  cleanups.push(() => agent.stop());
  agent.source.publish(MATCH, { index: 3, body: { web: [] } });
  agent.defaultAction = 'allow';
  const workload = createServer((socket) => socket.on('error', () => socket.destroy()).pipe(socket));
  workload.listen(0, '127.0.0.1');
  await once(workload, 'listening');
  cleanups.push(() => workload.close());
  const { port } = workload.address() as AddressInfo;
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const bindPort = (free.address() as AddressInfo).port;
  await new Promise((resolve) => free.close(resolve));
  const SidecarService = { Port: bindPort, Proxy: { Config: { bind_address: '127.0.0.1' } } };
  const body = { ID: 'web-1', Name: 'web', Port: port, Connect: { SidecarService } };
  expect((await agent.ask('PUT', '/v1/agent/service/register', MANAGER, body)).status).toBe(200);

  const logger = new RecordingLogger();
  const edges = { timers: new SystemTimers(), random: new SystemRandom(), logger };
  const at = { address: `http://127.0.0.1:${agent.port}`, token: new SecretText(WEB), timers: edges.timers };
  const source = new AgentHttpSource({ ...at, ...edges, proxyId: 'web-1-sidecar-proxy' });
  const reports = new AgentHttpReports(at);
  const proxy = new SidecarProxy({ source, reports, clock: new SystemClock(), ...edges, drainMs: 20 });
  proxy.start();
  cleanups.push(async () => {
    await proxy.stop();
    source.close();
    reports.close();
  });
  await proxy.ready;
  return { agent, proxy, logger };
};

/** One connection of `service` to the sidecar, after which it knows the peer. */
const visit = async (proxy: SidecarProxy, authority: TestAuthority, service: string): Promise<void> => {
  const leaf = await authority.serviceLeaf(service, 'dc2');
  const socket = connectTls({
    host: '127.0.0.1',
    port: proxy.ports().inbound!,
    cert: leaf.certificatePem,
    key: leaf.privateKeyPem.reveal(),
    rejectUnauthorized: false,
  });
  socket.write('x');
  const answered = new Promise<void>((resolve, reject) => {
    socket.once('data', () => resolve());
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('it was refused')));
  });
  await answered.finally(() => socket.destroy());
};

describe('a sidecar and its agent, through a rotation', () => {
  it('tell under which roots the host stands, and who would fail without the earlier one', async () => {
    const first = await TestAuthority.create(TRUST_DOMAIN, 'first');
    const second = await TestAuthority.create(TRUST_DOMAIN, 'second');
    const [r1, r2] = [first, second].map(({ root }) => root.fingerprintSha1) as [string, string];
    const { agent, proxy, logger } = await sidecarOn(first);
    agent.rollout = { comparedRootId: undefined, leafRoots: [r1] };
    await eventually('the sidecar has reported', () => agent.reports.summary().sidecars.total === 1);
    expect(agent.reports.summary()).toMatchObject({ sidecars: { trusting: { [r1]: 1 } }, staleSidecars: 0 });

    // Distributed and activated: both roots, the second signs; the agent renews the leaf and the sidecar takes it.
    let told = 0;
    agent.reports.onChange(() => (told += 1));
    agent.rollout = { comparedRootId: r2, leafRoots: [r2] };
    agent.signer.authority = second;
    agent.source.publish(ROOTS, { index: 20, body: second.rootsAnswer([first]) });
    await eventually('it trusts both and presents a leaf under the second', () => {
      const { sidecars, staleSidecars } = agent.reports.summary();
      return sidecars.trusting[r2] === 1 && staleSidecars === 0;
    });
    expect(agent.reports.summary().sidecars).toEqual({ total: 1, trusting: { [r1]: 1, [r2]: 1 } });
    await visit(proxy, second, 'shop');
    await visit(proxy, first, 'legacy');
    await eventually(
      'the agent knows whom the first root still holds up',
      () => agent.reports.summary().shadow.failed === 1,
    );
    expect(agent.reports.summary()).toMatchObject({
      handshakes: { [r1]: { count: 1 }, [r2]: { count: 1 } },
      shadow: {
        rootId: r2,
        checked: 2,
        failed: 1,
        failures: [
          {
            peer: `spiffe://${TRUST_DOMAIN}/ns/default/dc/dc2/svc/legacy`,
            service: 'web',
            direction: 'inbound',
            count: 1,
          },
        ],
      },
    });
    expect(told).toBeGreaterThan(0);

    // Retired.
    agent.rollout = { comparedRootId: undefined, leafRoots: [r2] };
    agent.source.publish(ROOTS, { index: 30, body: second.rootsAnswer() });
    await eventually('one root is left', () => agent.reports.summary().sidecars.trusting[r1] === undefined);
    const { inboundHandshakeFailures: refused } = proxy.counters();
    await expect(visit(proxy, first, 'legacy')).rejects.toThrow();
    await eventually('TLS refused it', () => proxy.counters().inboundHandshakeFailures === refused + 1);
    expect(logger.of('the agent took no report')).toEqual([]);
  });
});
