import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CheckRunner, LocalServices } from '@banyan/agent-api';
import { type JsonValue, SystemRandom, SystemTimers } from '@banyan/kernel';
import { parseAgentRegistration } from '@banyan/catalog';
import { eventually, FakeTime, RecordingLogger, settled } from '@banyan/testkit';

let folder: string;
let services: LocalServices;
let runner: CheckRunner | undefined;
let server: Server | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'banyan-checks-'));
  services = new LocalServices(join(folder, 'services.json'), new RecordingLogger());
});
afterEach(async () => {
  await runner?.stop();
  server?.closeAllConnections();
  await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
  runner = server = undefined;
  rmSync(folder, { recursive: true, force: true });
});

const listen = async (answer: RequestListener): Promise<number> => {
  const listening = createServer(answer);
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return (listening.address() as AddressInfo).port;
};

const registerWith = (...Checks: JsonValue[]): void =>
  services.register(parseAgentRegistration({ Name: 'web', Port: 1, Checks }));

const run = (timers = new SystemTimers()): void => {
  runner = new CheckRunner({ services, timers, random: new SystemRandom(), logger: new RecordingLogger() });
};

const stateOf = (checkId: string) => services.checkStates().find(({ CheckID }) => CheckID === checkId);
const becomes = (checkId: string, status: string): Promise<void> =>
  eventually(`${checkId} is ${status}`, () => stateOf(checkId)?.Status === status);
const outputSays = (checkId: string, text: string): Promise<void> =>
  eventually(`${checkId} says ${text}`, () => stateOf(checkId)?.Output.includes(text) === true);

describe('an HTTP check', () => {
  it.each([
    [200, 'passing'],
    [204, 'passing'],
    [429, 'warning'],
    [302, 'critical'],
    [503, 'critical'],
  ] as const)('reads %d as %s', async (code, status) => {
    const port = await listen((_request, response) => response.writeHead(code).end(code === 204 ? '' : 'so it is'));
    registerWith({ CheckID: 'c', HTTP: `http://127.0.0.1:${port}/health`, Interval: '1h', Status: 'warning' });
    run();
    await outputSays('c', `HTTP GET http://127.0.0.1:${port}/health: ${code}`);
    expect(stateOf('c')?.Status).toBe(status);
  });

  it('sends method, headers and body as registered, on a connection that is not kept', async () => {
    const seen: unknown[] = [];
    const port = await listen((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += String(chunk)));
      request.on('end', () => {
        seen.push([request.method, request.headers['x-why'], request.headers.connection, body]);
        response.end();
      });
    });
    const probe = { Method: 'POST', Header: { 'X-Why': ['health'] }, Body: 'ping', Interval: '1h' };
    registerWith({ CheckID: 'c', HTTP: `http://127.0.0.1:${port}/`, ...probe });
    run();
    await becomes('c', 'passing');
    expect(seen).toEqual([['POST', 'health', 'close', 'ping']]);
  });

  it.each<[string, RequestListener, string]>([
    ['says nothing', () => undefined, 'timed out'],
    ['never comes to its end', (_request, response) => void response.writeHead(200).write('and then '), 'timed out'],
    [
      'breaks off',
      (_request, response) => {
        response.writeHead(200, { 'content-length': '100' }).write('half', () => response.destroy());
      },
      'aborted',
    ],
  ])('is critical when the service %s', async (_what, answer, text) => {
    const port = await listen(answer);
    registerWith({ CheckID: 'c', HTTP: `http://127.0.0.1:${port}/`, Interval: '1h', Timeout: '150ms' });
    run();
    await outputSays('c', text);
    expect(stateOf('c')?.Status).toBe('critical');
  });

  it('keeps no more output than the catalog does', async () => {
    const port = await listen((_request, response) => response.end('x'.repeat(100_000)));
    registerWith({ CheckID: 'c', HTTP: `http://127.0.0.1:${port}/`, Interval: '1h' });
    run();
    await becomes('c', 'passing');
    expect(stateOf('c')?.Output).toHaveLength(4_096);
  });

  it('ends with its service, even while the answer is still awaited', async () => {
    let asked = false;
    const port = await listen(() => (asked = true));
    registerWith({ CheckID: 'c', HTTP: `http://127.0.0.1:${port}/`, Interval: '1s', Timeout: '10m' });
    run();
    await eventually('the probe is under way', () => asked);
    services.deregister('web');
    // Resolves only when the probe has ended, whose own limit is ten minutes.
    await runner?.stop();
    expect(services.checkStates()).toEqual([]);
  });
});

describe('a TCP check', () => {
  it('passes where somebody listens, and is critical where nobody does', async () => {
    const port = await listen(() => undefined);
    registerWith(
      { CheckID: 'open', TCP: `127.0.0.1:${port}`, Interval: '1h' },
      { CheckID: 'closed', TCP: '127.0.0.1:1', Interval: '1h', Status: 'passing' },
    );
    run();
    await becomes('open', 'passing');
    await becomes('closed', 'critical');
    expect(stateOf('closed')?.Output).toContain('ECONNREFUSED');
  });
});

describe('thresholds', () => {
  it('count consecutive results of one kind', async () => {
    const codes = [200, 500, 200, 200, 500, 500];
    let asked = 0;
    const port = await listen((_request, response) => response.writeHead(codes[asked++] ?? 500).end());
    const limits = { SuccessBeforePassing: 2, FailuresBeforeCritical: 2, Interval: '1s' };
    registerWith({ CheckID: 'c', HTTP: `http://127.0.0.1:${port}/`, ...limits, Status: 'warning' });
    const time = new FakeTime();
    run(time.timers);
    const states: string[] = [];
    for (let turn = 1; turn <= codes.length; turn += 1) {
      await eventually(
        `probe ${turn} is over`,
        () => asked === turn && time.waits.length === 1 && time.waits[0] === 1_000,
      );
      states.push(stateOf('c')!.Status);
      await time.advance(1_000);
    }
    expect(states).toEqual(['warning', 'warning', 'warning', 'passing', 'passing', 'critical']);
  });
});

describe('an alias check', () => {
  it('is as well as the worst check of its service, and critical without one', () => {
    registerWith({ CheckID: 'a', TTL: '1h' }, { CheckID: 'b', TTL: '1h' });
    services.register(parseAgentRegistration({ Name: 'copy', Check: { CheckID: 'alias', AliasService: 'web' } }));
    services.report('a', { status: 'passing', output: '' });
    expect(stateOf('alias')?.Status).toBe('critical');
    services.report('b', { status: 'warning', output: '' });
    expect(stateOf('alias')?.Status).toBe('warning');
    services.report('b', { status: 'passing', output: '' });
    expect(stateOf('alias')?.Status).toBe('passing');
    services.deregister('web');
    expect(stateOf('alias')).toMatchObject({ Status: 'critical', Output: 'service web is not registered' });
  });
});

describe('a check that its service reports', () => {
  it('turns critical when it was not reported for its TTL, counted from the last report', async () => {
    const time = new FakeTime();
    registerWith({ CheckID: 'ttl', TTL: '10s' });
    run(time.timers);
    services.report('ttl', { status: 'passing', output: 'well' });
    await time.advance(9_000);
    // The same words again change nothing but the time.
    services.report('ttl', { status: 'passing', output: 'well' });
    await time.advance(9_999);
    expect(stateOf('ttl')).toMatchObject({ Status: 'passing', Output: 'well' });
    await time.advance(1);
    expect(stateOf('ttl')).toMatchObject({ Status: 'critical', Output: 'not reported for 10s' });
    services.report('ttl', { status: 'warning', output: 'back' });
    expect(stateOf('ttl')).toMatchObject({ Status: 'warning', Output: 'back' });
  });

  it('turns critical when it never was reported, whatever it began with', async () => {
    const time = new FakeTime();
    registerWith({ CheckID: 'ttl', TTL: '10s', Status: 'passing' });
    run(time.timers);
    expect(stateOf('ttl')?.Status).toBe('passing');
    await time.advance(10_000);
    expect(stateOf('ttl')?.Status).toBe('critical');
  });

  it('has no deadline left once its service is gone', async () => {
    const time = new FakeTime();
    registerWith({ CheckID: 'ttl', TTL: '10s' });
    run(time.timers);
    expect(time.waits).toEqual([10_000]);
    services.deregister('web');
    await settled();
    expect(time.waits).toEqual([]);
  });
});
