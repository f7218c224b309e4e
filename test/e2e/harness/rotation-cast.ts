import { expect } from '@jest/globals';
import type { Datacenter, RootsAnswer } from './datacenter.js';
import { eventually } from './eventually.js';
import { HandshakeLoad } from './handshake-load.js';
import type { Mesh } from './mesh.js';
import { leafUnder, rootOf } from './root-rotation.js';
import { Rotations } from './rotations.js';
import { SpareAgent } from './spare-agent.js';
import { storedRoots } from './stored-roots.js';
import { startWebAndApi, type WebAndApi } from './web-and-api.js';

/** Answers per route that a phase has to see: with two routes and two directions, some dozens of fresh handshakes. */
export const PER_PHASE = 40;

const GONE_LIMIT_MS = 15_000;

/**
 * A mesh with web and api under a load of fresh handshakes both ways, and an operator who rotates. A second agent in dc2
 * holds leaves: frozen, it holds up a rotation, and no handshake.
 */
export interface RotationCast extends WebAndApi {
  readonly spare: SpareAgent;
  readonly load: HandshakeLoad;
  readonly rotations: Rotations;
}

export const startRotationCast = async (mesh: Mesh): Promise<RotationCast> => {
  await mesh.startServers();
  await mesh.startAgents();
  const [cast, spare] = await Promise.all([startWebAndApi(mesh), SpareAgent.start(mesh, 'dc2', ['batch'])]);
  const load = new HandshakeLoad(cast.routes);
  load.start();
  return { ...cast, spare, load, rotations: new Rotations(mesh.dc1) };
};

/** So many fresh handshakes on each route from now on, and not one failure since the start. */
export const passesOn = async ({ load }: RotationCast, phase: string, perRoute = PER_PHASE): Promise<void> => {
  load.enter(phase);
  await load.reaches(perRoute);
  expect(load.failures).toEqual([]);
};

const idsOf = ({ Roots }: RootsAnswer): readonly string[] => Roots.map(({ ID }) => ID);

const rootsIn = async (datacenter: Datacenter): Promise<readonly (readonly [string, readonly string[]])[]> => {
  return [
    [`server of ${datacenter.name}`, idsOf(await datacenter.roots())],
    [`agent of ${datacenter.name}`, idsOf(await datacenter.askAgent({ path: '/v1/connect/ca/roots' }))],
    [`database of ${datacenter.name}`, (await storedRoots(datacenter.dataDir)).map(({ id }) => id)],
  ];
};

/** Waits until servers, agents and databases of both datacenters know exactly these roots, oldest first. */
export const onlyRoots = (mesh: Mesh, ids: readonly string[], limitMs = GONE_LIMIT_MS): Promise<void> =>
  eventually(`there is no root but ${ids.join(', ')}`, { limitMs }, async () => {
    const places = (await Promise.all(mesh.datacenters.map(rootsIn))).flat();
    for (const [place, held] of places) {
      expect({ place, held: held.toSorted() }).toEqual({ place, held: ids.toSorted() });
    }
  });

/** Waits until the leaves of both workloads are under that root alone, and their chains have so many certificates. */
export const leavesUnder = async (
  mesh: Mesh,
  cast: RotationCast,
  rootId: string,
  chainLength: number,
): Promise<void> => {
  const root = rootOf(await mesh.dc1.roots(), rootId);
  for (const service of [cast.web, cast.api]) {
    await leafUnder(service, root, GONE_LIMIT_MS);
    await eventually(
      `the chain of ${service.plan.name} is ${chainLength} long`,
      { limitMs: GONE_LIMIT_MS },
      async () => {
        expect(await service.chain()).toHaveLength(chainLength);
      },
    );
  }
};
