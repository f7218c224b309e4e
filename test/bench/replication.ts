import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { type BenchServer, startTwoDatacenters, writeIntention, writeIntentions } from './two-datacenters.js';

const WRITES_PER_SECOND = 100;
/** Between two looks for the write that is waited for: closer ones take the servers the time they need on two cores. */
const LOOK_MS = 4;
const LIMIT_MS = 120_000;
const CALLERS = 16;

/** From the moment a write in the primary was acknowledged until a decision by it. Unit ms. */
export interface LagFigures {
  readonly writes: number;
  readonly perSecond: number;
  /** The secondary's decisions, of the writes that were asked about. */
  readonly secondaryMs: readonly number[];
  /** The primary's own: what asking alone takes. */
  readonly primaryMs: readonly number[];
}

/** Writes at a steady rate into dc1 for some seconds, and asks both datacenters to decide by each write in turn. */
export const measureLag = async (seconds: number): Promise<LagFigures> => {
  const mesh = await startTwoDatacenters();
  try {
    const dc2 = await mesh.startSecondary();
    await writeIntention(mesh.dc1, 'first');
    await decided(dc2, 'first');
    const count = seconds * WRITES_PER_SECOND;
    const acknowledged: number[] = [];
    const startedAt = performance.now();
    const looking = [decisions(dc2, acknowledged, count), decisions(mesh.dc1, acknowledged, count)] as const;
    const writes: Promise<void>[] = [];
    for (let at = 0; at < count; at += 1) {
      await pause(Math.max(0, startedAt + (at * 1_000) / WRITES_PER_SECOND - performance.now()));
      writes.push(
        writeIntention(mesh.dc1, `write-${at}`).then(() => {
          acknowledged[at] = performance.now();
        }),
      );
    }
    const perSecond = Promise.all(writes).then(() => (count * 1_000) / (performance.now() - startedAt));
    const [rate, secondaryMs, primaryMs] = await Promise.all([perSecond, ...looking]);
    return { writes: count, perSecond: rate, secondaryMs, primaryMs };
  } finally {
    await mesh.stop();
  }
};

const isAllowed = async (server: BenchServer, destination: string): Promise<boolean> => {
  const { text } = await server.ask(`/v1/connect/intentions/check?source=web&destination=${destination}`);
  return (JSON.parse(text) as { Allowed: boolean }).Allowed;
};

const decided = async (server: BenchServer, destination: string): Promise<void> => {
  const limit = performance.now() + LIMIT_MS;
  while (!(await isAllowed(server, destination))) {
    if (performance.now() > limit) throw new Error(`${destination} was not decided on within ${LIMIT_MS} ms`);
    await pause(LOOK_MS);
  }
};

/** Always the newest write that was acknowledged: whoever asks about each one would measure how fast it can ask. */
const decisions = async (
  server: BenchServer,
  acknowledged: readonly number[],
  count: number,
): Promise<readonly number[]> => {
  const lags: number[] = [];
  for (let asked = -1; asked < count - 1;) {
    const newest = acknowledged.length - 1;
    const at = acknowledged[newest];
    if (newest === asked || at === undefined) {
      await pause(LOOK_MS);
      continue;
    }
    await decided(server, `write-${newest}`);
    lags.push(Math.max(0, performance.now() - at));
    asked = newest;
  }
  return lags;
};

/** What a secondary does with a whole snapshot of records that it has already. */
export interface ResyncFigures {
  readonly records: number;
  /** From the start of an empty secondary until it had them all, its own start included. */
  readonly firstSeconds: number;
  /** From the new epoch until everything was compared. */
  readonly resyncSeconds: number;
  /** Intention rows that were written, and changes of intentions that were logged, in the secondary. */
  readonly rowsWritten: number;
  readonly changesLogged: number;
}

interface Stand {
  readonly rows: number;
  readonly newest: string;
  readonly logged: number;
}

/** Fills dc1, lets dc2 catch up, and makes it compare everything by beginning another epoch. */
export const measureResync = async (records: number): Promise<ResyncFigures> => {
  const mesh = await startTwoDatacenters();
  try {
    await writeIntentions(mesh.dc1, records, CALLERS);
    const startedAt = performance.now();
    const dc2 = await mesh.startSecondary();
    await until(dc2, ({ items }) => items === records);
    const firstSeconds = (performance.now() - startedAt) / 1_000;
    const before = await standOf(dc2);
    const { epoch } = await replicationOf(dc2);
    const renewedAt = performance.now();
    await mesh.dc1.ask('/v1/replication/new-epoch', { method: 'PUT' });
    await until(dc2, (view) => view.epoch !== epoch && view.state === 'READY');
    const resyncSeconds = (performance.now() - renewedAt) / 1_000;
    const after = await standOf(dc2);
    return {
      records: after.rows,
      firstSeconds,
      resyncSeconds,
      rowsWritten: await rowsSince(dc2, before.newest),
      changesLogged: after.logged - before.logged,
    };
  } finally {
    await mesh.stop();
  }
};

interface View {
  readonly state: string;
  readonly epoch: string;
  readonly items: number;
}

const replicationOf = async (server: BenchServer): Promise<View> => {
  const { text } = await server.ask('/v1/replication');
  const { Streams } = JSON.parse(text) as {
    Streams: { Stream: string; State: string; Epoch: string; Items: number }[];
  };
  const { State, Epoch, Items } = Streams.find(({ Stream }) => Stream === 'intentions')!;
  return { state: State, epoch: Epoch, items: Items };
};

const until = async (server: BenchServer, holds: (view: View) => boolean): Promise<void> => {
  const limit = performance.now() + LIMIT_MS;
  for (;;) {
    const view = await replicationOf(server);
    if (holds(view)) return;
    if (performance.now() > limit) throw new Error(`not within ${LIMIT_MS} ms: ${JSON.stringify(view)}`);
    await pause(20);
  }
};

const query = async <Row extends object>({ dataDir }: BenchServer, sql: string): Promise<Row> => {
  // The fifth line is the folder of the socket.
  const pid = readFileSync(join(dataDir, 'postgres', 'cluster', 'postmaster.pid'), 'utf8');
  const client = new Client({ host: pid.split('\n')[4]!, user: 'banyan', database: 'banyan' });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows[0]!;
  } finally {
    await client.end();
  }
};

/** A row that is written gets the number of a later transaction, whatever is written. */
const standOf = (server: BenchServer): Promise<Stand> =>
  query<Stand>(
    server,
    `SELECT count(*)::int AS rows, max(xmin::text::bigint)::text AS newest,
            (SELECT count(*)::int FROM commit_log WHERE topic = 'intention') AS logged
       FROM service_intentions`,
  );

const rowsSince = async (server: BenchServer, newest: string): Promise<number> => {
  const sql = `SELECT count(*)::int AS rows FROM service_intentions WHERE xmin::text::bigint > ${newest}`;
  return (await query<{ rows: number }>(server, sql)).rows;
};
