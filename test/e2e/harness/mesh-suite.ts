import { afterAll, beforeAll, it } from '@jest/globals';
import { Mesh, type MeshPlan } from './mesh.js';

const START_LIMIT_MS = 90_000;
const STOP_LIMIT_MS = 60_000;

/** A mesh for the tests of one `describe`: started before them, stopped after them, its logs attached to failures. */
export interface MeshSuite {
  /** Like jest's `it`. Tests of a suite build on each other: after a failure the rest fails at once. */
  readonly step: (name: string, body: (mesh: Mesh) => Promise<void>, limitMs?: number) => void;
}

/** Call it inside of `describe`. `prepare` starts what the tests need. */
export const meshSuite = (prepare: (mesh: Mesh) => Promise<void>, plan: MeshPlan = {}): MeshSuite => {
  let mesh: Mesh | undefined;
  let notStarted: unknown;
  let failed: string | undefined;
  const attempt = async (name: string, body: (mesh: Mesh) => Promise<void>): Promise<void> => {
    if (notStarted !== undefined) throw takeOut();
    if (failed !== undefined) throw new Error(`not tried, since "${failed}" failed`);
    try {
      await body(mesh!);
    } catch (error) {
      failed = name;
      throw withLogs(error, mesh!);
    }
  };
  // Told once, by the first test: jest would repeat a failure of beforeAll for each.
  const takeOut = (): unknown => {
    const error = notStarted;
    notStarted = undefined;
    failed = 'the start';
    return error;
  };
  beforeAll(async () => {
    mesh = await Mesh.layOut(plan);
    try {
      await prepare(mesh);
    } catch (error) {
      notStarted = withLogs(error, mesh);
    }
  }, START_LIMIT_MS);
  afterAll(() => mesh?.stop(), STOP_LIMIT_MS);
  return { step: (name, body, limitMs) => it(name, () => attempt(name, body), limitMs) };
};

const withLogs = (error: unknown, mesh: Mesh): Error => {
  const failure = error instanceof Error ? error : new Error(String(error));
  failure.stack = `${failure.stack ?? failure.message}\n\n${mesh.logTails()}`;
  return failure;
};
