import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { LocalServices } from '@banyan/agent-api';
import { rawHttp, RecordingLogger, TestAuthority } from '@banyan/testkit';
import { AGENT, MANAGER, READER, startAgent, type TestAgent, TRUST_DOMAIN, WEB } from './agent-fixture.js';

const REGISTER = '/v1/agent/service/register';
const WEB_BODY = { Name: 'web', ID: 'web-1', Port: 8080, Connect: { SidecarService: {} } };

let authority: TestAuthority;
let agent: TestAgent;
beforeAll(async () => {
  authority = await TestAuthority.create(TRUST_DOMAIN, 'services');
});
beforeEach(async () => {
  agent = await startAgent({ authority });
});
afterEach(() => agent.stop());

const register = (body: object, as = MANAGER) => agent.ask('PUT', REGISTER, as, body);
const json = async (path: string, as = MANAGER): Promise<Record<string, Record<string, unknown>>> =>
  JSON.parse((await agent.ask('GET', path, as)).body) as Record<string, Record<string, unknown>>;

describe('registering', () => {
  it('adds the service and the sidecar with its defaults, and answers with an empty body', async () => {
    const answer = await register({ ...WEB_BODY, Tags: ['v1'], Meta: { team: 'a' } }, WEB);
    expect([answer.status, answer.body]).toEqual([200, '']);
    const services = await json('/v1/agent/services');
    expect(Object.keys(services)).toEqual(['web-1', 'web-1-sidecar-proxy']);
    expect(services['web-1-sidecar-proxy']).toMatchObject({
      Kind: 'connect-proxy',
      Service: 'web-sidecar-proxy',
      Port: 21_000,
      Tags: ['v1'],
      Meta: { team: 'a' },
      Proxy: {
        DestinationServiceName: 'web',
        DestinationServiceID: 'web-1',
        LocalServiceAddress: '127.0.0.1',
        LocalServicePort: 8080,
      },
      Datacenter: 'dc1',
    });
    expect(Object.keys(await json('/v1/agent/checks'))).toEqual([
      'service:web-1-sidecar-proxy:1',
      'service:web-1-sidecar-proxy:2',
    ]);
  });

  it('keeps the port of a sidecar that is registered again, and gives the next free one to another', async () => {
    await register({ Name: 'db', Port: 5432, Connect: { SidecarService: {} } });
    await register(WEB_BODY);
    await register({ ...WEB_BODY, Port: 9090 });
    const services = await json('/v1/agent/services');
    expect(services['db-sidecar-proxy']).toMatchObject({ Port: 21_000 });
    expect(services['web-1-sidecar-proxy']).toMatchObject({ Port: 21_001, Proxy: { LocalServicePort: 9090 } });
  });

  it('refuses when every sidecar port is taken, and leaves what was there', () => {
    const services = new LocalServices(join(agent.folder, 'many.json'), new RecordingLogger());
    for (let count = 0; count < 256; count += 1) services.register(bodyOf(`s${count}`));
    expect(() => services.register(bodyOf('late'))).toThrow(expect.objectContaining({ code: 'SERVICE_INVALID' }));
    expect(services.find('late')).toBeUndefined();
    expect(services.list()).toHaveLength(512);
  });

  it.each([
    [{}, 'Missing service name', 'SERVICE_INVALID'],
    [{ Name: 'web', Prot: 1 }, 'Request decode failed: json: unknown field "Prot"', 'REQUEST_INVALID'],
    [{ Name: 'web', Check: {} }, 'Invalid check: TTL must be > 0 for TTL checks', 'SERVICE_INVALID'],
  ])('refuses %j with 400', async (body, text, code) => {
    const answer = await register(body);
    expect([answer.status, answer.body, answer.headers['x-banyan-error']]).toEqual([400, text, code]);
    expect(agent.services.list()).toEqual([]);
  });

  it('asks for service:write on the name, and for a proxy on its destination, too', async () => {
    expect((await register(WEB_BODY, READER)).status).toBe(403);
    expect((await register({ Name: 'db' }, WEB)).status).toBe(403);
    const proxy = {
      Name: 'web-sidecar-proxy',
      Kind: 'connect-proxy',
      Port: 1,
      Proxy: { DestinationServiceName: 'db' },
    };
    const answer = await register(proxy, WEB);
    expect([answer.status, answer.body]).toEqual([
      403,
      `Permission denied: token with AccessorID 'accessor-of-${WEB}' lacks permission 'service:write' on "db"`,
    ]);
    expect(agent.services.list()).toEqual([]);
  });
});

describe('deregistering', () => {
  it('takes the sidecar and the checks along', async () => {
    await register(WEB_BODY);
    const answer = await agent.ask('PUT', '/v1/agent/service/deregister/web-1', WEB);
    expect([answer.status, answer.body]).toEqual([200, '']);
    expect(await json('/v1/agent/services')).toEqual({});
    expect(await json('/v1/agent/checks')).toEqual({});
  });

  it('answers 404 for an unknown ID and 403 to who may not', async () => {
    await register(WEB_BODY);
    const unknown = await agent.ask('PUT', '/v1/agent/service/deregister/nothing', MANAGER);
    expect([unknown.status, unknown.body.startsWith('Unknown service ID "nothing"')]).toEqual([404, true]);
    const refused = await agent.ask('PUT', '/v1/agent/service/deregister/web-1', READER);
    expect([refused.status, agent.services.find('web-1')?.service.ID]).toEqual([403, 'web-1']);
  });

  it('finds an ID with a slash or an escape in it', async () => {
    await register({ Name: 'web', ID: 'team/web 1' });
    expect((await agent.ask('PUT', '/v1/agent/service/deregister/team/web%201', MANAGER)).status).toBe(200);
    expect(agent.services.list()).toEqual([]);
  });
});

describe('one service', () => {
  it('carries its hash in header and body', async () => {
    await register(WEB_BODY);
    const answer = await agent.ask('GET', '/v1/agent/service/web-1', WEB);
    const body = JSON.parse(answer.body) as { ContentHash: string };
    expect(answer.headers['x-consul-contenthash']).toBe(body.ContentHash);
    expect(answer.headers['x-consul-index']).toBeUndefined();
    expect(body).toMatchObject({ ID: 'web-1', Service: 'web', Port: 8080, Tags: [], Meta: {}, Datacenter: 'dc1' });
  });

  it('is waited for by hash: until it changes, or for as long as the caller says', async () => {
    await register(WEB_BODY);
    const path = '/v1/agent/service/web-1-sidecar-proxy';
    const hash = String((await agent.ask('GET', path, WEB)).headers['x-consul-contenthash']);
    const same = await agent.ask('GET', `${path}?hash=${hash}&wait=20ms`, WEB);
    expect([same.status, same.headers['x-consul-contenthash']]).toEqual([200, hash]);
    expect((await agent.ask('GET', `${path}?hash=other&wait=10m`, WEB)).status).toBe(200);

    const waiting = agent.ask('GET', `${path}?hash=${hash}&wait=20s`, WEB);
    await register({ Name: 'other' });
    await register({ ...WEB_BODY, Port: 8081 });
    const changed = await waiting;
    expect(changed.headers['x-consul-contenthash']).not.toBe(hash);
    expect(JSON.parse(changed.body)).toMatchObject({ Proxy: { LocalServicePort: 8081 } });
  });

  it('answers a waiting caller 404 when it goes', async () => {
    await register(WEB_BODY);
    const hash = String((await agent.ask('GET', '/v1/agent/service/web-1', WEB)).headers['x-consul-contenthash']);
    const waiting = agent.ask('GET', `/v1/agent/service/web-1?hash=${hash}&wait=20s`, WEB);
    await agent.ask('PUT', '/v1/agent/service/deregister/web-1', MANAGER);
    const answer = await waiting;
    expect([answer.status, answer.body]).toEqual([404, 'unknown service ID: web-1']);
  });

  it('lets nobody wait who may not read, and refuses a bad wait', async () => {
    await register(WEB_BODY);
    const hash = String((await agent.ask('GET', '/v1/agent/service/web-1', WEB)).headers['x-consul-contenthash']);
    expect((await agent.ask('GET', `/v1/agent/service/web-1?hash=${hash}&wait=10m`)).status).toBe(403);
    const answer = await agent.ask('GET', `/v1/agent/service/web-1?hash=${hash}&wait=soon`, WEB);
    expect([answer.status, answer.body]).toEqual([400, 'Invalid wait time']);
  });

  it('frees a caller who waits when the agent stops', async () => {
    await register(WEB_BODY);
    const hash = String((await agent.ask('GET', '/v1/agent/service/web-1', WEB)).headers['x-consul-contenthash']);
    const waiting = rawHttp({
      port: agent.port,
      path: `/v1/agent/service/web-1?hash=${hash}&wait=10m`,
      headers: { 'x-consul-token': WEB },
    });
    // Answered after the waiting one was taken: it came later on the same loop.
    await agent.ask('GET', '/healthz');
    await agent.app.close();
    expect((await waiting).status).toBe(503);
  });
});

describe('the file of registered services', () => {
  const SECRET = 'secret-of-the-service-0001';
  const folders: string[] = [];
  const folder = (): string => {
    folders.push(mkdtempSync(join(tmpdir(), 'banyan-services-')));
    return folders.at(-1)!;
  };
  afterAll(() => {
    for (const each of folders) rmSync(each, { recursive: true, force: true });
  });

  it('brings services, sidecar and port back after a restart, and holds no token', async () => {
    const at = folder();
    const first = await startAgent({ authority, folder: at });
    const body = { ...WEB_BODY, Token: SECRET, Connect: { SidecarService: { Token: SECRET } } };
    await first.ask('PUT', REGISTER, WEB, body);
    const before = await first.ask('GET', '/v1/agent/services', MANAGER);
    await first.stop();
    for (const name of readdirSync(at)) {
      const text = readFileSync(join(at, name), 'utf8');
      expect([name, text.includes(SECRET), text.includes(WEB)]).toEqual(['services.json', false, false]);
    }
    expect(statSync(join(at, 'services.json')).mode & 0o777).toBe(0o600);

    const second = await startAgent({ authority, folder: at });
    try {
      expect((await second.ask('GET', '/v1/agent/services', MANAGER)).body).toBe(before.body);
      await second.ask('PUT', REGISTER, WEB, body);
      expect(second.services.find('web-1-sidecar-proxy')?.service.Port).toBe(21_000);
      await second.ask('PUT', '/v1/agent/service/deregister/web-1', WEB);
      expect(second.services.list()).toEqual([]);
    } finally {
      await second.stop();
    }
  });

  it.each([
    ['is cut off', '[{"service":{"ID":"web'],
    ['is no list', '{"service":{}}'],
    ['holds a service without checks', '[{"service":{"ID":"a","Service":"a","Port":1}}]'],
    ['holds a check of no kind', '[{"service":{"ID":"a","Service":"a","Port":1},"checks":[{"checkId":"c"}]}]'],
  ])('is put aside, loudly, when it %s', (_how, text) => {
    const file = join(folder(), 'services.json');
    writeFileSync(file, text);
    const logger = new RecordingLogger();
    const services = new LocalServices(file, logger);
    expect(services.list()).toEqual([]);
    expect(logger.lines.map(({ level }) => level)).toEqual(['error']);
    expect(readFileSync(`${file}.damaged`, 'utf8')).toBe(text);
    services.register({ service: SERVICE, checks: [] });
    expect(new LocalServices(file, logger).list()).toHaveLength(1);
  });

  it('ends the start when it is there and cannot be read', () => {
    // A folder in its place cannot be read by anybody, root included.
    const file = folder();
    chmodSync(file, 0o700);
    expect(() => new LocalServices(file, new RecordingLogger())).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(file) }),
    );
  });
});

describe('a token of the node', () => {
  it('sees every service but may register none', async () => {
    await register(WEB_BODY);
    expect(Object.keys(await json('/v1/agent/services', AGENT))).toHaveLength(2);
    expect((await register({ Name: 'x' }, AGENT)).status).toBe(403);
  });
});

const SERVICE = {
  ID: 'svc',
  Service: 'svc',
  Tags: [],
  Meta: {},
  Port: 1,
  Address: '',
  TaggedAddresses: {},
  Weights: { Passing: 1, Warning: 1 },
  EnableTagOverride: false,
} as const;

const bodyOf = (name: string) => ({ service: { ...SERVICE, ID: name, Service: name }, checks: [], sidecar: {} });
