import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { metricOf } from './metric-of.js';
import { type SmallMesh, startSmallMesh } from './small-mesh.js';

/** Requests for first leaves that are under way at a time. */
const CALLERS = 16;
/** How often it is looked how far the rotation is. */
const LOOK_MS = 250;
const LIMIT_MS = 30 * 60_000;

/** A rotation of the root under live leaves, in real processes. */
export interface RotationFigures {
  readonly leaves: number;
  /** From the change of configuration until the last leaf stood under the next root, by the agents' reports. */
  readonly seconds: number;
  /** Of these, until the datacenter signed under the next root: it was made, trusted everywhere, and made active. */
  readonly secondsUntilActive: number;
  /** Leaves renewed per second from then on. */
  readonly leavesPerSecond: number;
  /** What the server may sign for leaves, by the limit it is set to. */
  readonly budgetPerSecond: number;
  /** Leaves signed from the change on; more than `leaves` are too many. */
  readonly signed: number;
  /** Requests that were told to come back later. */
  readonly limited: number;
  /** Reads of leaves while it went on, and how many of them failed. */
  readonly reads: number;
  readonly failedReads: number;
  readonly agentMiB: number;
}

interface Adoption {
  readonly SigningRootID: string;
  readonly Leaves: Readonly<Record<string, number>>;
  readonly LedgerLeaves: Readonly<Record<string, number>>;
  readonly Signing: { readonly BudgetPerSecond: number };
}

/** Has `leaves` leaves signed through one agent, replaces the root, and waits until all of them stand under the next. */
export const rotateLeaves = async (leaves: number): Promise<RotationFigures> => {
  const mesh = await startSmallMesh();
  try {
    await firstLeaves(mesh, leaves);
    const before = await adoptionWith(mesh, ({ Leaves }) => sum(Leaves) === leaves);
    const [signedBefore, limitedBefore] = await countsOf(mesh);
    const startedAt = performance.now();
    await replaceRoot(mesh);
    const reading = new AbortController();
    const reads = readOn(mesh, leaves, reading.signal);
    await adoptionWith(mesh, ({ SigningRootID }) => SigningRootID !== before.SigningRootID);
    const secondsUntilActive = (performance.now() - startedAt) / 1_000;
    const after = await adoptionWith(mesh, ({ Leaves, SigningRootID }) => Leaves[SigningRootID] === leaves);
    const seconds = (performance.now() - startedAt) / 1_000;
    reading.abort();
    const [signed, limited] = await countsOf(mesh);
    return {
      leaves,
      seconds,
      secondsUntilActive,
      leavesPerSecond: leaves / (seconds - secondsUntilActive),
      budgetPerSecond: after.Signing.BudgetPerSecond,
      signed: signed - signedBefore,
      limited: limited - limitedBefore,
      ...(await reads),
      agentMiB:
        metricOf(await textOf(mesh.agentPort, '/metrics', mesh.token), 'process_resident_memory_bytes') / 2 ** 20,
    };
  } finally {
    await mesh.stop();
  }
};

const sum = (amounts: Readonly<Record<string, number>>): number => Object.values(amounts).reduce((a, b) => a + b, 0);

const textOf = async (port: number, path: string, token: string): Promise<string> => {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { 'x-consul-token': token } });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${text}`);
  return text;
};

/** Leaves signed and requests limited so far, by the server's own count. */
const countsOf = async ({ serverPort, token }: SmallMesh): Promise<readonly [number, number]> => {
  const text = await textOf(serverPort, '/metrics', token);
  return [metricOf(text, 'banyan_csr_served_total'), metricOf(text, 'banyan_csr_refused_total')];
};

const leafPath = (at: number): string => `/v1/agent/connect/ca/leaf/service-${at}`;

const firstLeaves = async ({ agentPort, token }: SmallMesh, leaves: number): Promise<void> => {
  let next = 0;
  const callers = Array.from({ length: CALLERS }, async () => {
    while (next < leaves) {
      next += 1;
      await textOf(agentPort, leafPath(next - 1), token);
    }
  });
  await Promise.all(callers);
};

const adoptionWith = async (mesh: SmallMesh, holds: (adoption: Adoption) => boolean): Promise<Adoption> => {
  const limit = performance.now() + LIMIT_MS;
  for (;;) {
    const adoption = JSON.parse(await textOf(mesh.serverPort, '/v1/connect/ca/adoption', mesh.token)) as Adoption;
    if (holds(adoption)) return adoption;
    if (performance.now() > limit) throw new Error(`not within ${LIMIT_MS / 60_000} min: ${JSON.stringify(adoption)}`);
    await pause(LOOK_MS);
  }
};

/** A planned rotation, as an operator starts it: the plan first, then the start that quotes its hash. */
const replaceRoot = async (mesh: SmallMesh): Promise<void> => {
  const plan = await postRotation(mesh, { DryRun: true });
  await postRotation(mesh, { PlanHash: plan['PlanHash'] });
};

const postRotation = async (
  { serverPort, token }: SmallMesh,
  body: Readonly<Record<string, unknown>>,
): Promise<Readonly<Record<string, unknown>>> => {
  const answer = await fetch(`http://127.0.0.1:${serverPort}/v1/connect/ca/rotations`, {
    method: 'POST',
    headers: { 'x-consul-token': token },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`the root was not replaced: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Readonly<Record<string, unknown>>;
};

/** What workloads see meanwhile: a leaf that is valid, whenever they ask. */
const readOn = async (
  { agentPort, token }: SmallMesh,
  leaves: number,
  signal: AbortSignal,
): Promise<{ readonly reads: number; readonly failedReads: number }> => {
  let [reads, failedReads] = [0, 0];
  while (!signal.aborted) {
    reads += 1;
    await textOf(agentPort, leafPath((reads * 7_919) % leaves), token).catch(() => (failedReads += 1));
    await pause(5);
  }
  return { reads, failedReads };
};
