import { isBanyanError, SecretText, SystemRandom, SystemTimers } from '@banyan/kernel';
import { AgentHttpSource } from '@banyan/dataplane';
import { RecordingLogger } from '@banyan/testkit';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FakeAgent } from './fake-agent.js';

const SERVICE = '/v1/agent/service/web-sidecar-proxy';
const ROOTS = '/v1/agent/connect/ca/roots';
const HEALTH = '/v1/health/connect/api?passing=1&cached=1&dc=dc2';
const AUTHORIZE = '/v1/agent/connect/authorize';
const question = { target: 'web', clientCertUri: 'spiffe://x', clientCertSerial: '01' };

let agent: FakeAgent;
let source: AgentHttpSource;
let logger: RecordingLogger;
let stop: AbortController;

beforeEach(async () => {
  agent = new FakeAgent();
  await agent.start();
  logger = new RecordingLogger();
  stop = new AbortController();
  const edges = { timers: new SystemTimers(), random: new SystemRandom(), logger };
  source = new AgentHttpSource({
    address: agent.address,
    token: new SecretText('the-secret-of-web'),
    proxyId: 'web-sidecar-proxy',
    ...edges,
  });
});
afterEach(async () => {
  stop.abort();
  source.close();
  await agent.stop();
});

const next = async <T>(iterator: AsyncIterator<T>): Promise<T> => {
  const { value, done } = await iterator.next();
  if (done === true) throw new Error('the watch ended');
  return value;
};

const registration = (proxy: object) => ({
  ID: 'web-sidecar-proxy',
  Kind: 'connect-proxy',
  Port: 21_000,
  Address: '',
  Datacenter: 'dc1',
  Proxy: { DestinationServiceName: 'web', LocalServicePort: 8080, ...proxy },
});
const roots = (...pems: string[]) => ({ TrustDomain: 'td.consul', Roots: pems.map((RootCert) => ({ RootCert })) });

describe('AgentHttpSource', () => {
  it('watches the registration by hash, with defaults, and leaves out what it cannot serve', async () => {
    agent.set(SERVICE, {
      hash: 'a',
      body: registration({
        Upstreams: [
          { DestinationName: 'api', Datacenter: 'dc2', LocalBindPort: 9191 },
          { DestinationName: 'db', LocalBindPort: 9192, LocalBindAddress: '127.0.0.2' },
          { DestinationName: 'geo', DestinationType: 'prepared_query', LocalBindPort: 9193 },
        ],
      }),
    });
    const watch = source.watchSidecar(stop.signal)[Symbol.asyncIterator]();
    expect(await next(watch)).toEqual({
      proxyId: 'web-sidecar-proxy',
      service: 'web',
      datacenter: 'dc1',
      bindAddress: '0.0.0.0',
      bindPort: 21_000,
      localAddress: '127.0.0.1',
      localPort: 8080,
      upstreams: [
        { destination: 'api', datacenter: 'dc2', bindAddress: '127.0.0.1', bindPort: 9191 },
        { destination: 'db', datacenter: 'dc1', bindAddress: '127.0.0.2', bindPort: 9192 },
      ],
    });
    expect(logger.lines).toMatchObject([{ level: 'warn', fields: { upstream: 'geo' } }]);
    const following = next(watch);
    agent.set(SERVICE, { hash: 'b', body: registration({ Config: { bind_address: '127.0.0.9', bind_port: 5 } }) });
    expect(await following).toMatchObject({ bindAddress: '127.0.0.9', bindPort: 5, upstreams: [] });
    expect(agent.requests[1]?.url).toBe(`${SERVICE}?hash=a&wait=60s`);
  });

  it('watches by index, and gives a value only when the content differs', async () => {
    agent.set(ROOTS, { index: 5, body: roots('one') });
    const watch = source.watchTrust(stop.signal)[Symbol.asyncIterator]();
    expect(await next(watch)).toEqual({ trustDomain: 'td.consul', rootPems: ['one'] });
    const following = next(watch);
    agent.set(ROOTS, { index: 6, body: roots('one') });
    agent.set(ROOTS, { index: 7, body: roots('one', 'two') });
    expect(await following).toMatchObject({ rootPems: ['one', 'two'] });
  });

  it('reads which roots are compromised, in the bundle and gone', async () => {
    const Roots = [
      { ID: 'aa', RootCert: 'one', Tainted: true },
      { ID: 'bb', RootCert: 'two' },
    ];
    agent.set(ROOTS, { index: 5, body: { TrustDomain: 'td.consul', ActiveRootID: 'bb', Roots, TaintedRoots: ['cc'] } });
    expect(await next(source.watchTrust(stop.signal)[Symbol.asyncIterator]())).toEqual({
      trustDomain: 'td.consul',
      rootPems: ['one', 'two'],
      activeRootId: 'bb',
      taintedRootIds: ['aa'],
      taintedGone: ['cc'],
    });
  });

  it('starts over when the index goes backwards or the agent was away, with one log line each way', async () => {
    agent.set(ROOTS, { index: 500, body: roots('one') });
    const watch = source.watchTrust(stop.signal)[Symbol.asyncIterator]();
    await next(watch);
    const following = next(watch);
    await agent.stop();
    agent.set(ROOTS, { index: 3, body: roots('two') }); // a restarted agent counts from the beginning
    const upstream = { destination: 'api', datacenter: 'dc2', bindAddress: '', bindPort: 1 };
    const instances = source.watchEndpoints(upstream, stop.signal);
    const other = next(instances[Symbol.asyncIterator]());
    agent.set(HEALTH, {
      index: 1,
      body: [
        { Node: { Address: '10.0.0.1', Datacenter: 'dc2' }, Service: { Address: '', Port: 1 } },
        { Node: { Address: '10.0.0.1', Datacenter: 'dc2' }, Service: { Address: '10.0.0.2', Port: 2 } },
      ],
    });
    await expect(source.authorize(question)).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
    await agent.start();
    expect(await following).toMatchObject({ rootPems: ['two'] });
    expect(await other).toEqual([
      { address: '10.0.0.1', port: 1, datacenter: 'dc2' },
      { address: '10.0.0.2', port: 2, datacenter: 'dc2' },
    ]);
    expect(logger.of('agent is away; retrying')).toHaveLength(1);
    expect(logger.of('agent is back')).toHaveLength(1);
  });

  it('asks to authorize with the token in a header only, and takes a denial as an answer', async () => {
    agent.set(AUTHORIZE, { body: { Authorized: false, Reason: 'Default intention policy' } });
    expect(await source.authorize(question)).toEqual({ authorized: false, reason: 'Default intention policy' });
    const [request] = agent.requests;
    expect(request).toMatchObject({ url: AUTHORIZE, token: 'the-secret-of-web' });
    expect(JSON.parse(request?.body ?? '')).toEqual({
      Target: 'web',
      ClientCertURI: 'spiffe://x',
      ClientCertSerial: '01',
    });
  });

  it.each([
    [{ status: 403, body: 'Permission denied: token lacks it' }, 'PERMISSION_DENIED'],
    [{ status: 500, body: 'No cluster leader' }, 'SERVER_UNREACHABLE'],
    [{ body: { Authorized: 'true', Reason: '' } }, 'REQUEST_INVALID'],
    [{ body: 'not json' }, 'REQUEST_INVALID'],
  ] as const)('throws on %j, so that the connection is denied', async (answer, code) => {
    agent.set(AUTHORIZE, answer);
    const error: unknown = await source.authorize(question).catch((reason: unknown) => reason);
    expect(isBanyanError(error, code)).toBe(true);
  });

  it('goes on after a refusal, tells it once, and never logs a key', async () => {
    const path = '/v1/agent/connect/ca/leaf/web';
    agent.set(path, { status: 403, body: 'Permission denied' });
    const leaf = next(source.watchLeaf('web', stop.signal)[Symbol.asyncIterator]());
    const retried = (): boolean => agent.requests.length >= 3;
    const timers = new SystemTimers();
    while (!retried()) await timers.sleep(10);
    agent.set(path, { index: 2, body: { CertPEM: 'the chain', PrivateKeyPEM: 'the key' } });
    const material = await leaf;
    expect(material.privateKeyPem.reveal()).toBe('the key');
    expect(logger.of('watch failed; retrying')).toEqual([
      { watch: 'leaf', reason: 'the agent answered 403 for leaf: Permission denied' },
    ]);
    expect(JSON.stringify([material, logger.lines])).not.toMatch(/the key|secret-of-web/);
  });

  it('ends a waiting watch when it is aborted', async () => {
    agent.set(ROOTS, { index: 5, body: roots('one') });
    const watch = source.watchTrust(stop.signal)[Symbol.asyncIterator]();
    await next(watch);
    const last = watch.next();
    stop.abort();
    expect(await last).toEqual({ done: true, value: undefined });
  });
});
