import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ComposeProject, type PublishedPort } from './compose-project.js';

const SERVICES = ['dc1-server', 'dc2-server', 'dc1-agent', 'dc2-agent', 'web-proxy', 'api-proxy', 'web', 'api'];
const DATABASES = ['dc1-postgres', 'dc2-postgres'];
const POLL_MS = 250;

/** Opens a TCP connection to argv[1]:5432 and prints how that went. */
const PROBE = `
  const socket = require('node:net').connect({ host: process.argv[1], port: 5432, timeout: 3000 });
  const say = (text) => { console.log(text); process.exit(0); };
  socket.on('connect', () => say('connected'));
  socket.on('timeout', () => say('refused: timeout'));
  socket.on('error', (error) => say('refused: ' + error.code));
`;

interface Answer {
  readonly status: number;
  readonly text: string;
}

let project: ComposeProject;
let token = '';

beforeAll(async () => {
  project = await ComposeProject.create();
  await project.up();
  token = await project.mustCompose(['run', '--rm', '--no-deps', '-T', 'setup', 'cat', '/secrets/management.token']);
}, 550_000);

afterAll(async () => {
  await project.down();
}, 130_000);

async function ask(port: PublishedPort, path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(project.url(port, path), {
    ...init,
    headers: { 'x-consul-token': token, 'content-type': 'application/json' },
    signal: AbortSignal.timeout(10_000),
  });
  return { status: response.status, text: await response.text() };
}

/** Asks web until the answer is as wanted; the last answer otherwise, for the assertion to show. */
async function webUntil(wanted: (answer: Answer) => boolean, limitMs: number): Promise<Answer> {
  const giveUpAt = performance.now() + limitMs;
  for (;;) {
    const answer = await ask('web', '/').catch((error: unknown) => ({ status: 0, text: String(error) }));
    if (wanted(answer) || performance.now() > giveUpAt) return answer;
    await pause(POLL_MS);
  }
}

async function intend(action: 'allow' | 'deny'): Promise<void> {
  const path = '/v1/connect/intentions/exact?source=web&destination=api';
  const body = JSON.stringify({ SourceType: 'consul', Action: action });
  expect(await ask('dc2Server', path, { method: 'PUT', body })).toEqual({ status: 200, text: 'true' });
}

async function probe(service: string, host: string): Promise<string> {
  return project.mustCompose(['exec', '-T', service, 'node', '-e', PROBE, host]);
}

async function addressOf(service: string): Promise<string> {
  const id = await project.mustCompose(['ps', '-q', service]);
  const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';
  return (await project.docker(['inspect', '-f', format, id])).stdout.trim();
}

async function allContainerIds(): Promise<string[]> {
  return (await project.mustCompose(['ps', '-aq'])).split('\n');
}

describe('docker compose: two datacenters and a service in each', () => {
  it('carries a request of web in dc1 through the mesh to api in dc2', async () => {
    const answer = await webUntil(({ status }) => status === 200, 60_000);
    expect(answer).toMatchObject({ status: 200 });
    expect(JSON.parse(answer.text)).toMatchObject({
      service: 'web',
      upstream: { service: 'api', datacenter: 'dc2' },
    });
  });

  it('refuses web within seconds of a deny written in the secondary, and lets it through again after an allow', async () => {
    expect(await webUntil(({ status }) => status === 200, 60_000)).toMatchObject({ status: 200 });
    await intend('deny');
    expect(await webUntil(({ status }) => status === 502, 10_000)).toMatchObject({ status: 502 });
    await intend('allow');
    expect(await webUntil(({ status }) => status === 200, 10_000)).toMatchObject({ status: 200 });
  });

  it("keeps each datacenter's database out of the other's reach, by name and by address", async () => {
    const address = await addressOf('dc2-postgres');
    expect(address).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    expect(await probe('dc2-server', 'dc2-postgres')).toBe('connected');
    expect(await probe('dc2-server', address)).toBe('connected');
    expect(await probe('dc1-server', 'dc2-postgres')).toMatch(/^refused: /);
    expect(await probe('dc1-server', address)).toMatch(/^refused: /);
  });

  it('puts only the servers and the sidecars on the WAN', async () => {
    const format = '{{range .Containers}}{{.Name}} {{end}}';
    const { stdout } = await project.docker(['network', 'inspect', '-f', format, `${project.name}_wan`]);
    const members = stdout.trim().split(' ').toSorted();
    expect(members).toEqual(
      ['api-proxy', 'dc1-server', 'dc2-server', 'web-proxy'].map((service) => `${project.name}-${service}-1`),
    );
  });

  it.each([...SERVICES, ...DATABASES])('runs %s without root', async (service) => {
    const uids = await project.mustCompose(['exec', '-T', service, 'grep', '^Uid:', '/proc/1/status']);
    expect(uids).toMatch(/^Uid:(\s+\d+){4}$/);
    expect(uids).not.toMatch(/\s0(\s|$)/);
  });

  it('publishes ports on loopback only', async () => {
    const format = '{{range $port, $binds := .NetworkSettings.Ports}}{{range $binds}}{{.HostIp}} {{end}}{{end}}';
    const { stdout } = await project.docker(['inspect', '-f', format, ...(await allContainerIds())]);
    const hosts = stdout.split(/\s+/).filter((host) => host !== '');
    expect(hosts).toHaveLength(5);
    expect(new Set(hosts)).toEqual(new Set(['127.0.0.1']));
  });

  it("shows no token in a container's settings or in a log", async () => {
    expect(token).toMatch(/^[0-9a-f-]{36}$/);
    const settings = (await project.docker(['inspect', ...(await allContainerIds())])).stdout;
    const logs = await project.mustCompose(['logs', '--no-color']);
    expect(settings).toContain('BANYAN_AGENT_TOKEN_FILE');
    expect(logs).toContain('secrets are ready');
    expect(settings.includes(token)).toBe(false);
    expect(logs.includes(token)).toBe(false);
  });

  it('keeps its secrets when it is brought up again', async () => {
    await project.mustCompose(['up', '-d', '--wait', '--wait-timeout', '60'], 90_000);
    const again = ['run', '--rm', '--no-deps', '-T', 'setup', 'cat', '/secrets/management.token'];
    expect(await project.mustCompose(again)).toBe(token);
    expect(await webUntil(({ status }) => status === 200, 30_000)).toMatchObject({ status: 200 });
  });
});
