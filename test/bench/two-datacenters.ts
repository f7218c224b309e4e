import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { type Child, startChild } from './child.js';
import { appScript, freePort, untilReady } from './small-mesh.js';

const MANAGEMENT = '5b0f5f0e-0000-4000-8000-benchmark001';
const REPLICATION = '5b0f5f0e-0000-4000-8000-benchmark002';
const TOKENS_LIMIT_MS = 60_000;

/** What a server answered. */
export interface ServerAnswer {
  readonly text: string;
  readonly index: number;
}

/** A server of the bench. */
export interface BenchServer {
  readonly port: number;
  /** The management token. */
  readonly token: string;
  /** Data folder; its embedded PostgreSQL is below. */
  readonly dataDir: string;
  /** Asks with the management token. Throws for anything but 200. */
  ask(path: string, init?: { readonly method?: string; readonly body?: unknown }): Promise<ServerAnswer>;
}

/** The servers of two datacenters with their embedded databases; dc2 is started when it is asked for. */
export interface TwoDatacenters {
  readonly dc1: BenchServer;
  startSecondary(): Promise<BenchServer>;
  stop(): Promise<void>;
}

interface Place {
  readonly http: number;
  readonly lan: number;
  readonly wan: number;
}

const placeOf = async (): Promise<Place> => ({ http: await freePort(), lan: await freePort(), wan: await freePort() });

const environmentOf = (name: string, folder: string, { http, lan, wan }: Place): Record<string, string> => ({
  BANYAN_DATACENTER: name,
  BANYAN_NODE_NAME: `${name}-bench`,
  BANYAN_LOG_LEVEL: 'warn',
  BANYAN_DATA_DIR: join(folder, name),
  BANYAN_HTTP_BIND: `127.0.0.1:${http}`,
  BANYAN_LAN_BIND: `127.0.0.1:${lan}`,
  BANYAN_WAN_BIND: `127.0.0.1:${wan}`,
});

const asked = (port: number, dataDir: string): BenchServer => ({
  port,
  token: MANAGEMENT,
  dataDir,
  ask: async (path, { method = 'GET', body } = {}) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: { 'x-consul-token': MANAGEMENT, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
    return { text, index: Number(answer.headers.get('x-consul-index')) };
  },
});

/** A secondary is ready when it can sign; a moment later it knows the token that the bench asks with. */
const untilTokensAreThere = async (dc2: BenchServer): Promise<void> => {
  const limit = performance.now() + TOKENS_LIMIT_MS;
  for (;;) {
    try {
      await dc2.ask('/v1/replication');
      return;
    } catch (error) {
      if (performance.now() > limit) throw error;
    }
    await pause(20);
  }
};

/** Starts a primary, with a token for a secondary. */
export const startTwoDatacenters = async (): Promise<TwoDatacenters> => {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-bench-'));
  const places = [await placeOf(), await placeOf()] as const;
  const tokens = [
    { role: { kind: 'management' }, secret: MANAGEMENT },
    { role: { kind: 'replication', datacenter: 'dc2' }, secret: REPLICATION },
  ];
  writeFileSync(join(folder, 'tokens.json'), JSON.stringify(tokens), { mode: 0o600 });
  const running: Child[] = [];
  const started = async (app: string, place: Place, env: Record<string, string>): Promise<BenchServer> => {
    const child = startChild(appScript(app), [], env);
    running.unshift(child);
    await untilReady(child, place.http);
    return asked(place.http, env['BANYAN_DATA_DIR']!);
  };
  const dc1 = await started('primary-server', places[0], {
    ...environmentOf('dc1', folder, places[0]),
    BANYAN_INITIAL_TOKENS_FILE: join(folder, 'tokens.json'),
  });
  return {
    dc1,
    startSecondary: async () => {
      const dc2 = await started('secondary-server', places[1], {
        ...environmentOf('dc2', folder, places[1]),
        BANYAN_PRIMARY_WAN_ADDRESS: `127.0.0.1:${places[0].wan}`,
        BANYAN_REPLICATION_TOKEN: REPLICATION,
        BANYAN_ROOT_FINGERPRINT: readFileSync(join(dc1.dataDir, 'root.fingerprint'), 'utf8').trim(),
      });
      await untilTokensAreThere(dc2);
      return dc2;
    },
    stop: async () => {
      for (const child of running) await child.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

/** Writes intentions from `web` to that many destinations, some at a time. */
export const writeIntentions = async (server: BenchServer, count: number, callers: number): Promise<void> => {
  let next = 0;
  const write = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      await writeIntention(server, `many-${next}`);
    }
  };
  await Promise.all(Array.from({ length: callers }, write));
};

export const writeIntention = (server: BenchServer, destination: string): Promise<ServerAnswer> =>
  server.ask(`/v1/connect/intentions/exact?source=web&destination=${destination}`, {
    method: 'PUT',
    body: { SourceType: 'consul', Action: 'allow' },
  });
