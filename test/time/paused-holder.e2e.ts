import { afterAll, describe, expect } from '@jest/globals';
import { eventually } from '../e2e/harness/eventually.js';
import { currentHolder, takenOver } from '../e2e/harness/lease-holder.js';
import { meshSuite } from '../e2e/harness/mesh-suite.js';
import { passesOn, type RotationCast, startRotationCast } from '../e2e/harness/rotation-cast.js';
import { wayOf, WHOLE_WAY } from '../e2e/harness/rotations.js';

/** The other server takes over within 10 s, an agent that used the frozen one leaves it within 7. */
const REACHES_LIMIT_MS = 60_000;

describe('two primaries, of which the one that carries a rotation out is frozen in a phase', () => {
  let cast: RotationCast;
  const suite = meshSuite(
    async (mesh) => {
      cast = await startRotationCast(mesh);
    },
    { twoServers: true },
  );
  afterAll(() => cast?.load.stop());

  for (const phase of ['distribute', 'activate', 'verify'] as const) {
    suite.step(
      `frozen in ${phase}: the other goes on from there; resumed, the first one steps down and adds nothing`,
      async (mesh) => {
        const { dc1 } = mesh;
        cast.load.enter(`frozen in ${phase}`);
        const before = await currentHolder(dc1);
        const frozen = dc1.servers[before.at]!;
        const { ID } = await cast.rotations.start({ VerifyWindow: '4s' });
        await cast.rotations.reaches(ID, phase);
        const lines = frozen.log.length;
        frozen.freeze();
        try {
          const after = await takenOver(dc1, before);
          expect(after.fencing).toBe(before.fencing + 1);
          await cast.rotations.reaches(ID, 'completed', REACHES_LIMIT_MS);
        } finally {
          frozen.resume();
        }
        await eventually('it says that it stepped down', { limitMs: 10_000 }, () => {
          expect(frozen.log.slice(lines)).toContain('"msg":"a lease is no longer held"');
        });
        const done = await cast.rotations.read(ID);
        expect(wayOf(done)).toEqual(WHOLE_WAY);
        // Both servers: the one that was away and the one that went on.
        for (const asked of [0, 1]) {
          dc1.asked = asked;
          await eventually(`server ${asked + 1} knows the next root alone`, { limitMs: 10_000 }, async () => {
            expect((await dc1.roots()).Roots.map((root) => root.ID)).toEqual([done.RootID]);
          });
        }
        await passesOn(cast, `after ${phase}`);
      },
      120_000,
    );
  }

  suite.step('over all of it not one handshake failed', async () => {
    await cast.load.stop();
    console.info(cast.load.summary);
    expect(cast.load.failures).toEqual([]);
  });
});
