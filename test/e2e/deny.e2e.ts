import { describe, expect } from '@jest/globals';
import type { Datacenter } from './harness/datacenter.js';
import { eventually } from './harness/eventually.js';
import { callHttp } from './harness/http-call.js';
import { meshSuite } from './harness/mesh-suite.js';
import { OpenConnection } from './harness/open-connection.js';
import type { Route } from './harness/handshake-load.js';
import { passes, startWebAndApi, type WebAndApi } from './harness/web-and-api.js';

/** The bound of the contract: from the moment the deny is sent to the last byte that still passes. */
const BOUND_MS = 1_000;
const CONNECTIONS = 5;

const measureDeny = async (through: Datacenter, route: Route, pair: readonly [string, string]): Promise<void> => {
  const live = await Promise.all(Array.from({ length: CONNECTIONS }, () => OpenConnection.open(route.address)));
  try {
    for (const connection of live) expect(await connection.ask()).toBe('HTTP/1.1 200 OK');
    expect(live.map(({ closedAt }) => closedAt)).toEqual(live.map(() => undefined));
    const sentAt = performance.now();
    const [answer, refusedAt] = await Promise.all([
      through.putIntention(...pair, 'deny'),
      firstRefusal(route),
      eventually('the live connections are closed', { limitMs: 5_000, everyMs: 5 }, () => {
        if (live.some(({ closedAt }) => closedAt === undefined)) throw new Error('some are open');
      }),
    ]);
    expect(answer.status).toBe(200);
    const lastClosed = Math.max(...live.map(({ closedAt }) => closedAt!)) - sentAt;
    const refused = refusedAt - sentAt;
    console.info(
      `deny ${route.name} through ${through.name}: live connections closed after ${lastClosed.toFixed(0)} ms, new ones refused after ${refused.toFixed(0)} ms`,
    );
    expect(lastClosed).toBeLessThan(BOUND_MS);
    expect(refused).toBeLessThan(BOUND_MS);
    await expect(callHttp(route.address, { path: '/' })).rejects.toThrow(/socket hang up|ECONNRESET/);
  } finally {
    for (const connection of live) connection.close();
  }
};

describe('a deny', () => {
  let cast: WebAndApi;
  const suite = meshSuite(async (mesh) => {
    await mesh.startServers();
    await mesh.startAgents();
    cast = await startWebAndApi(mesh);
  });

  suite.step('written in dc1 ends live connections of dc2 and keeps new ones out, within a second', (mesh) =>
    measureDeny(mesh.dc1, cast.routes[0], ['web', 'api']),
  );

  suite.step('written in dc2 does the same in dc1', (mesh) => measureDeny(mesh.dc2, cast.routes[1], ['api', 'web']));

  suite.step('turned back into allow lets new connections pass', async (mesh) => {
    expect(await mesh.dc1.putIntention('web', 'api', 'allow')).toMatchObject({ status: 200 });
    await passes(cast.routes[0], 5_000);
  });
});

/** When a new connection was refused for the first time, in `performance.now()`. */
const firstRefusal = (route: Route): Promise<number> =>
  eventually(`a new connection ${route.name} is refused`, { limitMs: 5_000, everyMs: 5 }, async () => {
    const answered = await callHttp(route.address, { path: '/', limitMs: 5_000 }).then(
      () => true,
      () => false,
    );
    if (answered) throw new Error('it was answered');
    return performance.now();
  });
