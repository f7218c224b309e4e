import { afterAll, describe, expect } from '@jest/globals';
import { expectFreshLeaf } from '../e2e/harness/datacenter-state.js';
import { eventually } from '../e2e/harness/eventually.js';
import { healthOf } from '../e2e/harness/health.js';
import type { Mesh } from '../e2e/harness/mesh.js';
import { meshSuite } from '../e2e/harness/mesh-suite.js';
import {
  leavesUnder,
  onlyRoots,
  passesOn,
  type RotationCast,
  startRotationCast,
} from '../e2e/harness/rotation-cast.js';
import { wayOf, WHOLE_WAY } from '../e2e/harness/rotations.js';
import { Vault } from '../e2e/harness/vault.js';

const FINISHED_LIMIT_MS = 60_000;
/** A provider that takes a call and says nothing is waited for. */
const NAMED_LIMIT_MS = 45_000;
const LEAF_AND_INTERMEDIATE = 2;
interface Order {
  readonly Provider: string;
  readonly Config: object;
  readonly ForceWithoutCrossSigning?: boolean;
}

const BUILT_IN = { Provider: 'consul', Config: {} };

/** A server looks at its provider as it starts, and each minute. */
const restartedPrimarySays = async (mesh: Mesh, words: RegExp): Promise<void> => {
  await mesh.dc1.server.stop();
  mesh.dc1.server.start();
  await mesh.dc1.serverReady();
  await eventually(`the primary says ${words} of its provider`, { limitMs: NAMED_LIMIT_MS }, async () => {
    const { ok, reasons } = await healthOf(mesh.dc1.addresses.serverHttp);
    expect({ ok, provider: reasons['ca-provider'] }).toEqual({ ok: true, provider: expect.stringMatching(words) });
  });
};

describe('the root moves to Vault and back, under a constant load of fresh handshakes', () => {
  let cast: RotationCast;
  let vault: Vault;
  const suite = meshSuite(async (mesh) => {
    cast = await startRotationCast(mesh);
    vault = await Vault.start(mesh);
  });
  afterAll(() => cast?.load.stop());

  const moveTo = async (mesh: Mesh, order: Order, phase: string): Promise<void> => {
    cast.load.enter(phase);
    const { ID } = await cast.rotations.start(order);
    const done = await cast.rotations.reaches(ID, 'completed', FINISHED_LIMIT_MS);
    expect(wayOf(done)).toEqual(WHOLE_WAY);
    await onlyRoots(mesh, [done.RootID!]);
    await leavesUnder(mesh, cast, done.RootID!, LEAF_AND_INTERMEDIATE);
    const configuration = await mesh.dc1.askServer<{ Provider: string }>({ path: '/v1/connect/ca/configuration' });
    expect(configuration.Provider).toBe(order.Provider);
    await passesOn(cast, `after: ${phase}`);
  };

  const everybodySigns = async (mesh: Mesh, phase: string): Promise<void> => {
    const { ActiveRootID } = await mesh.dc1.roots();
    for (const datacenter of mesh.datacenters) await expectFreshLeaf(datacenter, ActiveRootID);
    await passesOn(cast, phase);
  };

  suite.step('built-in → Vault: a rotation like any other', async (mesh) => {
    await moveTo(mesh, vault.order, 'to Vault');
    expect(await vault.issuers()).toHaveLength(1);
  });

  suite.step('Vault is sealed: the primary says so, starts and signs all the same; a plan names it', async (mesh) => {
    await vault.seal();
    await restartedPrimarySays(mesh, /^PROVIDER_UNREACHABLE: .*sealed/);
    await everybodySigns(mesh, 'Vault is sealed');
    const { Plan } = await cast.rotations.plan(BUILT_IN);
    expect(Plan.Blockers).toContainEqual({
      Datacenter: 'dc1',
      Reason: 'no-cross-sign',
      Detail: expect.stringMatching(/cannot vouch for the next root: .*sealed/),
    });
    await vault.unseal();
  });

  suite.step('Vault answers nothing: nobody waits for it but who needs it', async (mesh) => {
    vault.process.freeze();
    await restartedPrimarySays(mesh, /^PROVIDER_UNREACHABLE/);
    await everybodySigns(mesh, 'Vault is frozen');
    vault.process.resume();
  });

  suite.step('Vault → built-in: Vault vouches for the next root, and what banyan made there is gone', async (mesh) => {
    await moveTo(mesh, BUILT_IN, 'from Vault');
    expect(await vault.issuers()).toEqual([]);
  });

  suite.step('the issuer is deleted behind our back: DRIFT, nothing is adopted, everybody goes on', async (mesh) => {
    await moveTo(mesh, vault.order, 'to Vault again');
    const [issuer] = await vault.issuers();
    await vault.deleteIssuer(issuer!);
    const before = await mesh.dc1.roots();
    await restartedPrimarySays(mesh, /^DRIFT/);
    expect(await mesh.dc1.roots()).toEqual(before);
    await everybodySigns(mesh, 'the issuer is gone');
    const { Plan } = await cast.rotations.plan(BUILT_IN);
    expect(Plan.Blockers).toContainEqual(expect.objectContaining({ Datacenter: 'dc1', Reason: 'no-cross-sign' }));
  });

  suite.step(
    'without its word, everybody learns of the next root first: away from it with no failure',
    async (mesh) => {
      await moveTo(mesh, { ...BUILT_IN, ForceWithoutCrossSigning: true }, 'without cross-signing');
      await cast.load.stop();
      console.info(cast.load.summary);
      expect(cast.load.failures).toEqual([]);
    },
  );
});
