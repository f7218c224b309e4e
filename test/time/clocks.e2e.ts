import { afterAll, describe, expect } from '@jest/globals';
import { healthOf } from '../e2e/harness/health.js';
import { askFreshLeaf, expectFreshLeaf, expectInSync } from '../e2e/harness/datacenter-state.js';
import { eventually } from '../e2e/harness/eventually.js';
import { meshSuite } from '../e2e/harness/mesh-suite.js';
import { leavesUnder, passesOn, type RotationCast, startRotationCast } from '../e2e/harness/rotation-cast.js';
import { wayOf, WHOLE_WAY } from '../e2e/harness/rotations.js';

const TEN_MINUTES_MS = 10 * 60_000;
/** Heartbeats come every 5 s, the server's own looks every 10 s. */
const NAMED_LIMIT_MS = 20_000;
/** Who has named its clock asks again after 30 s. */
const RECOVERED_LIMIT_MS = 45_000;
/** An agent that is not heard is waited for until it counts as offline, after 15 s. */
const LEFT_ALONE_LIMIT_MS = 60_000;
const LEAF_AND_INTERMEDIATE = 2;

/** Waits until the health of that process says of its clock what is expected; it stays ready. */
const clockSays = (name: string, address: string, words: RegExp | ''): Promise<void> =>
  eventually(`${name} says of its clock: ${words}`, { limitMs: NAMED_LIMIT_MS }, async () => {
    const { ok, reasons } = await healthOf(address);
    expect({ ok, clock: reasons['clock'] }).toEqual({
      ok: true,
      clock: words === '' ? '' : expect.stringMatching(words),
    });
  });

describe('the clock of one process is ten minutes off, under a constant load of fresh handshakes', () => {
  let cast: RotationCast;
  const suite = meshSuite(
    async (mesh) => {
      cast = await startRotationCast(mesh);
    },
    { movableClocks: true },
  );
  afterAll(() => cast?.load.stop());

  const planNames = (detail: RegExp): Promise<void> =>
    eventually('the plan names the agent', { limitMs: NAMED_LIMIT_MS }, async () => {
      const { Plan } = await cast.rotations.plan();
      expect(Plan.Blockers).toEqual([
        { Datacenter: 'dc2', Node: 'dc2-agent-1', Reason: 'clock-skew', Detail: expect.stringMatching(detail) },
      ]);
    });

  suite.step('an agent ahead: it says so, it is named in the plan, its leaves go on', async ({ dc1, dc2 }) => {
    dc2.clockOf('agent').aheadBy(TEN_MINUTES_MS);
    cast.load.enter('an agent is ahead');
    await clockSays(
      'the agent',
      dc2.addresses.agentHttp,
      /CLOCK_SKEW: our clock is (?:599|600|601) s ahead of the server/,
    );
    await planNames(/its clock is \d+ s ahead of the servers/);
    // What has begun for the servers has begun for a clock that is ahead.
    await expectFreshLeaf(dc2, (await dc1.roots()).ActiveRootID);
    await passesOn(cast, 'an agent is ahead');
  });

  suite.step(
    'an agent behind: what is signed now is refused by name, what it holds goes on; a rotation waits for it by name',
    async (mesh) => {
      const { dc2 } = mesh;
      dc2.clockOf('agent').aheadBy(-TEN_MINUTES_MS);
      cast.load.enter('an agent is behind');
      await clockSays(
        'the agent',
        dc2.addresses.agentHttp,
        /CLOCK_SKEW: our clock is (?:599|600|601) s behind the server/,
      );
      const refusal = await askFreshLeaf(dc2);
      expect({ status: refusal.status, text: refusal.text }).toEqual({
        status: 503,
        text: expect.stringMatching(/our clock is .*\d+ s behind the server's/),
      });
      await passesOn(cast, 'an agent is behind');

      // It says in each heartbeat what it learned from the answer to the one before.
      await planNames(/its clock is \d+ s behind the servers/);
      const { ID } = await cast.rotations.start();
      // Its servers' certificates are signed anew with the bundle: to a clock that is behind they have not begun. The
      // ledger knows of the leaf that was signed, and refused on arrival.
      const held = await cast.rotations.until(
        ID,
        'waits for the host of that agent alone',
        ({ Phase, Blockers }) =>
          Phase === 'activate' &&
          Blockers.some(({ Node }) => Node === 'dc2-agent-1') &&
          Blockers.every(({ Datacenter, Node }) => Datacenter === 'dc2' && (Node === 'dc2-agent-1' || Node === '*')),
        LEFT_ALONE_LIMIT_MS,
      );
      expect(held.Blockers).toContainEqual({
        Datacenter: 'dc2',
        Node: 'dc2-agent-1',
        Reason: 'clock-skew',
        Detail: expect.stringMatching(/its clock (?:is|was) \d+ s behind the servers/),
      });
      await passesOn(cast, 'a rotation waits for an agent that is behind');

      dc2.clockOf('agent').aheadBy(0);
      await clockSays('the agent', dc2.addresses.agentHttp, '');
      const done = await cast.rotations.reaches(ID, 'completed', RECOVERED_LIMIT_MS + 30_000);
      expect(wayOf(done)).toEqual(WHOLE_WAY);
      await leavesUnder(mesh, cast, done.RootID!, LEAF_AND_INTERMEDIATE);
      await passesOn(cast, 'its clock is right again');
    },
  );

  suite.step(
    'a secondary server ahead: named in its health, nobody is cut, fresh leaves are refused by name',
    async (mesh) => {
      const { dc1, dc2 } = mesh;
      dc2.clockOf('server').aheadBy(TEN_MINUTES_MS);
      cast.load.enter('a secondary server is ahead');
      await clockSays(
        'the server',
        dc2.addresses.serverHttp,
        /CLOCK_SKEW: .*our clock is (?:599|600|601) s ahead of the primary/,
      );
      // A leaf that begins in nine minutes would be refused by everybody: its own agent is the first, and says why.
      const refusal = await askFreshLeaf(dc2);
      expect({ status: refusal.status, text: refusal.text }).toEqual({
        status: 503,
        text: expect.stringMatching(/our clock is .*\d+ s behind the server's/),
      });
      await expectFreshLeaf(dc1, (await dc1.roots()).ActiveRootID);
      await passesOn(cast, 'a secondary server is ahead');
    },
  );

  suite.step('a secondary server behind: named in its health, it signs and answers, nobody is cut', async (mesh) => {
    const { dc1, dc2 } = mesh;
    dc2.clockOf('server').aheadBy(-TEN_MINUTES_MS);
    cast.load.enter('a secondary server is behind');
    await clockSays(
      'the server',
      dc2.addresses.serverHttp,
      /CLOCK_SKEW: .*our clock is (?:599|600|601) s behind the primary/,
    );
    await expectFreshLeaf(dc2, (await dc1.roots()).ActiveRootID);
    expect(await dc2.putIntention('written-by-a-clock', 'that-is-behind', 'deny')).toMatchObject({ status: 200 });
    await passesOn(cast, 'a secondary server is behind');
  });

  suite.step(
    'clocks are right again: both datacenters agree, fresh leaves, and not one handshake failed',
    async (mesh) => {
      const { dc1, dc2 } = mesh;
      dc2.clockOf('server').aheadBy(0);
      await clockSays('the server', dc2.addresses.serverHttp, '');
      await expectInSync(mesh, NAMED_LIMIT_MS);
      await expectFreshLeaf(dc2, (await dc1.roots()).ActiveRootID);
      await passesOn(cast, 'clocks are right again');
      await cast.load.stop();
      console.info(cast.load.summary);
      expect(cast.load.failures).toEqual([]);
    },
  );
});
