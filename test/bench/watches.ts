import { Agent, get } from 'node:http';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { metricOf } from './metric-of.js';
import { type BenchServer, startTwoDatacenters, writeIntention } from './two-datacenters.js';

/** Connections are opened in batches, so that no queue of the operating system overflows. */
const BATCH = 200;
const WAIT = '5m';
/** The one read that all of them follow. */
const PATH = '/v1/connect/intentions/match?by=destination&name=watched';

/** Blocking queries that wait at one server, and the one change that answers all of them. */
export interface WatchFigures {
  readonly watches: number;
  /** Resident memory of the server per watch that waits. Unit KiB. */
  readonly kibPerWatch: number;
  /** From before the write until each watch had its whole answer. Unit ms. */
  readonly answeredMs: readonly number[];
  readonly failed: number;
  /** How long a short question took at worst while the answers went out. Unit ms. */
  readonly worstQuestionMs: number;
}

const residentKib = async (server: BenchServer): Promise<number> => {
  const { text } = await server.ask('/metrics');
  return metricOf(text, 'process_resident_memory_bytes') / 1_024;
};

/** Opens `watches` blocking queries over connections of their own, writes once, and waits for every answer. */
export const measureWatches = async (watches: number): Promise<WatchFigures> => {
  const mesh = await startTwoDatacenters();
  const agent = new Agent({ keepAlive: false, maxSockets: Infinity });
  try {
    await writeIntention(mesh.dc1, 'watched');
    const { index } = await mesh.dc1.ask(PATH);
    const before = await residentKib(mesh.dc1);
    const answers: Promise<number | undefined>[] = [];
    while (answers.length < watches) {
      for (let more = Math.min(BATCH, watches - answers.length); more > 0; more -= 1) {
        answers.push(watch(mesh.dc1, index, agent));
      }
      await mesh.dc1.ask(PATH);
    }
    await pause(2_000);
    const kibPerWatch = ((await residentKib(mesh.dc1)) - before) / watches;
    const writtenAt = performance.now();
    await mesh.dc1.ask('/v1/connect/intentions/exact?source=shop&destination=watched', {
      method: 'PUT',
      body: { SourceType: 'consul', Action: 'deny' },
    });
    const asking = new AbortController();
    const questions = worstOf(mesh.dc1, asking.signal);
    const endedAt = await Promise.all(answers);
    asking.abort();
    const answeredMs = endedAt.filter((at) => at !== undefined).map((at) => at - writtenAt);
    return { watches, kibPerWatch, answeredMs, failed: watches - answeredMs.length, worstQuestionMs: await questions };
  } finally {
    agent.destroy();
    await mesh.stop();
  }
};

/** One blocking query: when it was answered with a later index; undefined when it failed. */
const watch = ({ port, token }: BenchServer, index: number, agent: Agent): Promise<number | undefined> =>
  new Promise((resolve) => {
    const path = `${PATH}&index=${index}&wait=${WAIT}`;
    get({ port, host: '127.0.0.1', path, agent, headers: { 'x-consul-token': token } }, (response) => {
      const isLater = response.statusCode === 200 && Number(response.headers['x-consul-index']) > index;
      response.resume();
      response.on('end', () => resolve(isLater ? performance.now() : undefined));
      response.on('error', () => resolve(undefined));
    }).on('error', () => resolve(undefined));
  });

const worstOf = async (server: BenchServer, signal: AbortSignal): Promise<number> => {
  let worst = 0;
  while (!signal.aborted) {
    const askedAt = performance.now();
    await server.ask('/v1/status/leader');
    worst = Math.max(worst, performance.now() - askedAt);
    await pause(5);
  }
  return worst;
};
