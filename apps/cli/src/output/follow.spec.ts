import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { runCli } from '../testing/run-cli.js';

const running: Server[] = [];
afterEach(() => {
  for (const server of running.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Gives the answers one after another; what was asked. */
const scripted = async (answers: Answer[]): Promise<{ readonly address: string; readonly asked: string[] }> => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const next = answers.shift();
    if (next === undefined) response.writeHead(500).end('the script is over');
    else next(request, response);
  });
  running.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
};

const rotation = (Phase: string): object => ({
  ID: 'r1',
  Scope: 'root',
  Reason: 'planned',
  Note: '',
  Phase,
  Health: 'running',
  Blockers: [],
  Possible: [],
  CrossSigned: true,
  Datacenters: [],
  Gates: {},
  Waivers: [],
  Journal: [],
  CreatedAt: '2026-07-01T00:00:00Z',
});

const list: Answer = (_, response) => response.end(JSON.stringify([rotation('prepare')]));
const one =
  (phase: string, index: number): Answer =>
  (_, response) =>
    response.setHeader('x-consul-index', index).end(JSON.stringify(rotation(phase)));
const refusal =
  (status: number, code: string): Answer =>
  (_, response) =>
    response.writeHead(status, { 'x-banyan-error': code }).end('no');
const cut: Answer = (request) => request.socket.destroy();

const watch = (address: string): ReturnType<typeof runCli> =>
  runCli(['ca', 'rotation', 'status', '--watch', '-http-addr', address, '-o', 'json']);
const phasesIn = (text: string): readonly string[] =>
  [...text.matchAll(/"Phase": "(\w+)"/g)].map(([, phase]) => phase ?? '');

describe('--watch', () => {
  it('asks on from the index it has, and ends with what it follows', async () => {
    const { address, asked } = await scripted([list, one('prepare', 5), one('verify', 9), one('completed', 12)]);
    const run = await watch(address);
    expect(run).toMatchObject({ code: 0, errors: '' });
    expect(phasesIn(run.out)).toEqual(['prepare', 'verify', 'completed']);
    expect(asked.slice(2)).toEqual([
      '/v1/connect/ca/rotations/r1?index=5&wait=60000ms',
      '/v1/connect/ca/rotations/r1?index=9&wait=60000ms',
    ]);
  });

  it('begins anew when the index went back: the store was restored', async () => {
    const { address, asked } = await scripted([list, one('verify', 9), one('prepare', 3), one('completed', 4)]);
    expect(await watch(address)).toMatchObject({ code: 0 });
    expect(asked.slice(2)).toEqual(['/v1/connect/ca/rotations/r1?index=9&wait=60000ms', '/v1/connect/ca/rotations/r1']);
  });

  it('says that the connection is lost, and tries again', async () => {
    const { address } = await scripted([
      list,
      one('prepare', 5),
      cut,
      refusal(503, 'SERVER_UNREACHABLE'),
      one('completed', 9),
    ]);
    const run = await watch(address);
    expect(run.code).toBe(0);
    expect(run.errors.match(/connection lost, trying again/g)).toHaveLength(1);
    expect(phasesIn(run.out)).toEqual(['prepare', 'completed']);
  });

  it('ends with a refusal, such as of a token that was revoked meanwhile', async () => {
    const { address } = await scripted([list, one('prepare', 5), refusal(403, 'ACL_NOT_FOUND')]);
    expect(await watch(address)).toMatchObject({ code: 4 });
  });
});
