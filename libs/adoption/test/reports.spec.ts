import { epochMs, type EpochMs, SystemClock, SystemTimers } from '@banyan/kernel';
import type { Store } from '@banyan/store';
import { eventually, FakeTime, RecordingLogger, withTestStore } from '@banyan/testkit';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type AgentReport,
  AgentReportRow,
  AgentReportStore,
  DatacenterAdoptionReader,
  NO_SIDECARS,
} from '../src/index.js';

const stores = withTestStore([AgentReportRow]);
const report = (changes: Partial<AgentReport> = {}): AgentReport => ({
  bundle: ['r1'],
  leaves: { byRoot: { r1: 1 }, rateLimited: 0 },
  ...NO_SIDECARS,
  clockOffsetMs: 0,
  version: '1',
  ...changes,
});

let store: Store;
let logger: RecordingLogger;
let kept: AgentReportStore;
let statements: number;
const clock = new SystemClock();
const at = (ms: number): EpochMs => epochMs(clock.now() + ms);

const open = (server: string, on: Store = store): AgentReportStore =>
  new AgentReportStore({ store: on, server, clock, timers: new SystemTimers(), logger });
/** Counts the statements that the store really sends. */
const counting = (of: Store): void => {
  const query = of.dataSource.query.bind(of.dataSource);
  of.dataSource.query = (async (text: string, values?: unknown[]) => {
    statements += 1;
    return query(text, values);
  }) as typeof of.dataSource.query;
};
const rows = (): Promise<AgentReportRow[]> => store.dataSource.manager.find(AgentReportRow, { order: { node: 'ASC' } });
const written = (from: AgentReportStore): Promise<void> =>
  new Promise((resolve) => {
    const end = from.onWritten(() => {
      end();
      resolve();
    });
  });

beforeEach(async () => {
  store = await stores.open();
  logger = new RecordingLogger();
  statements = 0;
  counting(store);
  kept = open('s1');
});
afterEach(() => kept.stop());

describe('reports of agents', () => {
  it('of many agents are one statement', async () => {
    const done = written(kept);
    for (let node = 0; node < 500; node += 1) kept.keep(`n${node}`, report(), at(0));
    await done;
    expect(statements).toBe(1);
    expect(await rows()).toHaveLength(500);
  });

  it('are written when the part of weight changed, and otherwise every 15 s', async () => {
    const first = written(kept);
    kept.keep('n1', report(), at(0));
    await first;
    const unimportant = report({ clockOffsetMs: 12, handshakes: { r1: { count: 9, lastAt: 1 } } });
    for (let ms = 5_000; ms < 15_000; ms += 5_000) kept.keep('n1', unimportant, at(ms));
    await kept.stop();
    expect(statements).toBe(1);
    kept = open('s1');
    const again = written(kept);
    kept.keep('n1', report(), at(0));
    await again;
    const refreshed = written(kept);
    kept.keep('n1', unimportant, at(15_000));
    await refreshed;
    expect((await rows())[0]).toMatchObject({ server: 's1', report: { clockOffsetMs: 12 } });
    const changed = written(kept);
    kept.keep('n1', report({ bundle: ['r1', 'r2'] }), at(15_001));
    await changed;
    expect((await rows())[0]!.report).toMatchObject({ bundle: ['r1', 'r2'] });
  });

  it('written later by another server are not undone by an older one that comes late', async () => {
    const other = open('s2');
    const newer = written(other);
    other.keep('n1', report({ bundle: ['r2'] }), at(0));
    await newer;
    await other.stop();
    const older = written(kept);
    kept.keep('n1', report({ bundle: ['r1'] }), at(-5_000));
    await older;
    expect(await rows()).toEqual([expect.objectContaining({ server: 's2', report: report({ bundle: ['r2'] }) })]);
  });

  it('that the database does not take are written when it is back, the newest only', async () => {
    const query = store.dataSource.query.bind(store.dataSource);
    let away = true;
    store.dataSource.query = ((text: string, values?: unknown[]) =>
      away ? Promise.reject(new Error('away')) : query(text, values)) as typeof store.dataSource.query;
    kept.keep('n1', report({ version: 'lost' }), at(0));
    await eventually('the failure is logged', () => logger.of('reports of agents not kept').length > 0);
    kept.keep('n1', report({ version: 'newest' }), at(1));
    away = false;
    await written(kept);
    expect(await rows()).toEqual([expect.objectContaining({ report: report({ version: 'newest' }) })]);
  });

  it('are written before the server stops', async () => {
    kept.keep('n1', report(), at(0));
    await kept.stop();
    expect(await rows()).toHaveLength(1);
  });

  it('of nodes that are gone are removed, but not what was just heard', async () => {
    const done = written(kept);
    for (const [node, age] of [
      ['gone', -90_000],
      ['new', 0],
      ['here', -90_000],
    ] as const) {
      kept.keep(node, report(), at(age));
    }
    await done;
    await kept.forgetAllBut(['here'], 60_000);
    expect((await rows()).map(({ node }) => node)).toEqual(['here', 'new']);
  });
});

describe('the reader of the adoption', () => {
  const seen = new Map<string, EpochMs>();
  let time: FakeTime;
  let looks: number;
  let signing: { signingRootId: string; tainted: boolean; budgetPerSecond: number };
  const makeReader = (): DatacenterAdoptionReader =>
    new DatacenterAdoptionReader({
      store,
      reports: kept,
      clock: time.clock,
      presence: {
        seen: async () => {
          looks += 1;
          return seen;
        },
      },
      authority: {
        facts: async () => ({
          datacenter: 'dc1',
          bundle: ['r1'],
          signingRootId: signing.signingRootId,
          tainted: signing.tainted,
          horizons: {},
          signing: { budgetPerSecond: signing.budgetPerSecond },
        }),
      },
      ledger: { live: async () => ({ r1: 2 }) },
    });
  beforeEach(() => {
    time = new FakeTime(clock.now());
    looks = 0;
    seen.clear();
    signing = { signingRootId: 'r1', tainted: false, budgetPerSecond: 10 };
  });

  it('knows what other servers wrote, and reads only reports that changed', async () => {
    const other = open('s2');
    seen.set('n1', time.clock.now()).set('n2', time.clock.now());
    const both = written(other);
    other.keep('n1', report(), at(0));
    other.keep('n2', report({ bundle: [] }), at(0));
    await both;
    const reader = makeReader();
    expect(await reader.read()).toMatchObject({
      agents: { total: 2, live: 2, trusting: { r1: 1 } },
      leaves: { r1: 2 },
      ledgerLeaves: { r1: 2 },
      laggards: [{ node: 'n2', reason: 'pending' }],
    });
    const changed = written(other);
    other.keep('n2', report(), at(1));
    await changed;
    await time.advance(1_000);
    expect((await reader.read()).laggards).toEqual([]);
    expect(await reader.agents()).toEqual([
      { node: 'n1', seenAt: seen.get('n1'), live: true, report: report() },
      { node: 'n2', seenAt: seen.get('n2'), live: true, report: report() },
    ]);
    await other.stop();
  });

  it('looks once per second however often it is asked, and sooner after a report of its own', async () => {
    const reader = makeReader();
    await Promise.all([reader.read(), reader.read(), reader.agents()]);
    await time.advance(999);
    await reader.read();
    expect(looks).toBe(1);
    await time.advance(1);
    await reader.read();
    expect(looks).toBe(2);
    const done = written(kept);
    kept.keep('n1', report(), at(0));
    await done;
    await time.advance(250);
    await reader.read();
    expect(looks).toBe(3);
    await time.advance(250);
    await reader.read();
    expect(looks).toBe(3);
  });

  it('counts an agent that never reported as of an older version', async () => {
    seen.set('old', time.clock.now());
    expect((await makeReader().agents())[0]).toMatchObject({ node: 'old', laggard: { reason: 'version' } });
  });

  it('forgets the report of a node whose row is gone', async () => {
    seen.set('n1', time.clock.now());
    const done = written(kept);
    kept.keep('n1', report(), at(-90_000));
    await done;
    const reader = makeReader();
    expect((await reader.read()).laggards).toEqual([]);
    await kept.forgetAllBut([], 60_000);
    await time.advance(1_000);
    expect((await reader.read()).laggards).toMatchObject([{ reason: 'version' }]);
  });

  it('spreads re-issues over leaves and the agents’ own certificates, faster for a compromised root', async () => {
    seen.set('n1', time.clock.now());
    const done = written(kept);
    kept.keep('n1', report({ identityRootId: 'r1', leaves: { byRoot: { r1: 799 }, rateLimited: 0 } }), at(0));
    await done;
    const reader = makeReader();
    expect(reader.reissueSpreadMs()).toBeUndefined();
    await reader.read();
    expect(reader.reissueSpreadMs()).toBe(100_000);
    signing.tainted = true;
    await time.advance(3_000);
    await reader.read();
    expect(reader.reissueSpreadMs()).toBe(80_000);
  });
});
