import { afterAll, describe, expect } from '@jest/globals';
import { type LogLine, nextLine } from '../e2e/harness/log-watch.js';
import type { Mesh } from '../e2e/harness/mesh.js';
import { meshSuite } from '../e2e/harness/mesh-suite.js';
import {
  leavesUnder,
  onlyRoots,
  passesOn,
  type RotationCast,
  startRotationCast,
} from '../e2e/harness/rotation-cast.js';
import { type RotationAnswer, wayOf, WHOLE_WAY } from '../e2e/harness/rotations.js';
import { storedRoots } from '../e2e/harness/stored-roots.js';

/** Leaf and intermediate. */
const SHORT_CHAIN = 2;
const STEP_LIMIT_MS = 40_000;
/** A lease runs out, the server starts and catches up, agents find it again. */
const CONVERGED_LIMIT_MS = 70_000;
const PER_CRASH = 20;

interface CrashPoint {
  readonly name: string;
  readonly datacenter: 'dc1' | 'dc2';
  readonly isIt: (line: LogLine) => boolean;
}

const says =
  (msg: string) =>
  (line: LogLine): boolean =>
    line.msg === msg;

/** The step is committed when its line is written: what follows from it is not done yet. */
const stepsTo =
  (phase: string) =>
  (line: LogLine): boolean =>
    line.msg === 'rotation step' && line['to'] === phase && line['from'] !== phase;

/** Before anything is signed, before it is stored, and right after each commit, in the order of a rotation. */
const POINTS: readonly CrashPoint[] = [
  { name: 'the next root is published', datacenter: 'dc1', isIt: stepsTo('distribute') },
  { name: 'an intermediate is needed', datacenter: 'dc1', isIt: says('intermediate needed') },
  { name: 'the intermediate is staged', datacenter: 'dc1', isIt: says('intermediate staged') },
  { name: 'an intermediate is handed out', datacenter: 'dc1', isIt: says('intermediate handed out') },
  { name: 'the next root is active', datacenter: 'dc1', isIt: stepsTo('activate') },
  { name: 'the intermediate is active', datacenter: 'dc1', isIt: says('intermediate active') },
  { name: 'all leaves have moved', datacenter: 'dc1', isIt: stepsTo('verify') },
  { name: 'the proof is there', datacenter: 'dc1', isIt: stepsTo('retire') },
  { name: 'the previous root is dropped', datacenter: 'dc1', isIt: says('root dropped') },
  { name: 'the rotation is completed', datacenter: 'dc1', isIt: stepsTo('completed') },
  { name: 'an intermediate is needed', datacenter: 'dc2', isIt: says('intermediate needed') },
  { name: 'the intermediate is staged', datacenter: 'dc2', isIt: says('intermediate staged') },
  { name: 'the intermediate is active', datacenter: 'dc2', isIt: says('intermediate active') },
];

describe('kill -9 at a named step of a rotation', () => {
  let cast: RotationCast;
  const suite = meshSuite(async (mesh) => {
    cast = await startRotationCast(mesh);
  });
  afterAll(() => cast?.load.stop());

  /** Rotates, kills the server the moment it says so, starts it again; the rotation that came of it. */
  const rotateAndKill = async (mesh: Mesh, { name, datacenter, isIt }: CrashPoint): Promise<RotationAnswer> => {
    const { server } = mesh[datacenter];
    const known = (await cast.rotations.list()).map(({ ID }) => ID);
    const killed = nextLine(server, isIt, AbortSignal.timeout(STEP_LIMIT_MS)).then(async (line) => {
      await server.kill();
      return line;
    });
    // The answer may be lost with the server: what was started is read from the list.
    await cast.rotations.start({ VerifyWindow: '1s', RetireGrace: '0s' }).catch(async (error: unknown) => {
      if (server.isRunning) throw error;
    });
    expect({ name, line: await killed }).toEqual({ name, line: expect.objectContaining({ msg: expect.any(String) }) });
    server.start();
    await mesh[datacenter].serverReady();
    const begun = (await cast.rotations.list()).filter(({ ID }) => !known.includes(ID));
    expect(begun).toHaveLength(1);
    return begun[0]!;
  };

  for (const point of POINTS) {
    suite.step(
      `${point.datacenter}, when ${point.name}: it converges, nothing is done twice, no handshake fails`,
      async (mesh) => {
        cast.load.enter(`${point.datacenter} killed when ${point.name}`);
        const { ID } = await rotateAndKill(mesh, point);
        const done = await cast.rotations.reaches(ID, 'completed', CONVERGED_LIMIT_MS);
        // Each change of phase is in the journal once: none was lost, none was made again.
        expect(wayOf(done)).toEqual(WHOLE_WAY);
        await onlyRoots(mesh, [done.RootID!]);
        for (const { dataDir } of mesh.datacenters) {
          expect(await storedRoots(dataDir)).toMatchObject([{ id: done.RootID, state: 'active' }]);
        }
        await leavesUnder(mesh, cast, done.RootID!, SHORT_CHAIN);
        await passesOn(cast, `after ${point.datacenter} was killed when ${point.name}`, PER_CRASH);
      },
    );
  }

  suite.step('over all crashes not one handshake failed', async () => {
    await cast.load.stop();
    console.info(cast.load.summary);
    expect(cast.load.failures).toEqual([]);
  });
});
