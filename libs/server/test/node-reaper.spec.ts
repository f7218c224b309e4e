import { describe, expect, it } from '@jest/globals';
import { SilentLogger, SystemRandom } from '@banyan/kernel';
import { FakeTime, settled } from '@banyan/testkit';
import type { DatacenterCore } from '../src/core/datacenter-core.js';
import { NodeReaper } from '../src/edges/node-reaper.js';

/** A server at a moment: whether it holds the lease, whether its database answers, and when it looked for silent nodes. */
const serverOver = (time: FakeTime) => {
  const state = { holdsLease: true, databaseAnswers: true, lookedAt: [] as number[], forgot: [] as unknown[] };
  const core = {
    ambient: { clock: time.clock, timers: time.timers, random: new SystemRandom(), logger: new SilentLogger() },
    fence: () => (state.holdsLease ? { lease: 'authority', holder: 'me', fencing: 1 } : undefined),
    store: {
      ping: async () => {
        if (!state.databaseAnswers) throw new Error('the database is away');
      },
      dataSource: { query: async () => [{ name: 'n1', last_seen: new Date(0) }] },
    },
    agentReports: { forgetAllBut: async (...what: unknown[]) => void state.forgot.push(what) },
    catalogWriter: {
      expireNodes: async (now: number) => {
        state.lookedAt.push(now);
        return [];
      },
    },
  };
  return { state, reaper: new NodeReaper(core as unknown as DatacenterCore) };
};

const pass = async (time: FakeTime, seconds: number): Promise<void> => {
  for (let second = 0; second < seconds; second += 1) {
    await time.advance(1_000);
    await settled();
  }
};

describe('the look for silent nodes', () => {
  it('forgets once a minute what agents said whose nodes are gone', async () => {
    const time = new FakeTime();
    const { state, reaper } = serverOver(time);
    reaper.start();
    await pass(time, 40);
    expect(state.forgot).toEqual([[['n1'], 60_000]]);
    await pass(time, 40);
    expect(state.forgot).toHaveLength(1);
    await pass(time, 20);
    expect(state.forgot).toHaveLength(2);
    await reaper.stop();
  });

  it('begins only when a node could have been heard for as long as it must be silent', async () => {
    const time = new FakeTime();
    const { state, reaper } = serverOver(time);
    reaper.start();
    await pass(time, 28);
    expect(state.lookedAt).toEqual([]);
    await pass(time, 10);
    expect(state.lookedAt.length).toBeGreaterThan(0);
    await reaper.stop();
  });

  it('begins anew after an outage of the database, and after a time without the lease', async () => {
    const time = new FakeTime();
    const { state, reaper } = serverOver(time);
    reaper.start();
    await pass(time, 40);
    for (const outage of ['databaseAnswers', 'holdsLease'] as const) {
      state[outage] = false;
      await pass(time, 20);
      state[outage] = true;
      const before = state.lookedAt.length;
      await pass(time, 24);
      expect(state.lookedAt).toHaveLength(before);
      await pass(time, 20);
      expect(state.lookedAt.length).toBeGreaterThan(before);
    }
    await reaper.stop();
  });
});
