import { NO_SIDECARS } from '@banyan/adoption';
import { DatacenterRegistry } from '@banyan/federation';
import { withTestStore } from '@banyan/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PrimaryRole, SecondaryRole } from '../src/index.js';
import { LanService } from '../src/edges/lan-service.js';
import { RegisteredEvidence } from '../src/primary/registered-evidence.js';
import {
  forgetPlace,
  type Json,
  placeOf,
  type Server,
  startPrimary,
  startSecondary,
  tieTo,
  until,
} from './federation-bench.js';

const stores = withTestStore();
const LIMIT_MS = 90_000;

let dc1: Server<PrimaryRole>;
let dc2: Server<SecondaryRole>;
let places: Record<string, string>[];
beforeAll(async () => {
  places = [await placeOf('dc1', await stores.freshUrl()), await placeOf('dc2', await stores.freshUrl())];
  dc1 = await startPrimary(places[0]!);
  dc2 = await startSecondary({ ...places[1]!, ...tieTo(dc1) });
}, LIMIT_MS);
afterAll(async () => {
  await dc2.stop();
  await dc1.stop();
  places.forEach(forgetPlace);
});

/** An agent of dc2, as its server hears it: it trusts what is given, with two leaves under `leafRoot`. */
const heartbeat = async (bundle: readonly string[], leafRoot: string): Promise<void> => {
  const lan = new LanService(dc2.core, () => {
    throw new Error('no HTTP here');
  });
  const { clock } = dc2.core.ambient;
  await lan.heartbeat({
    node: 'n1',
    address: '10.0.0.1',
    version: '0.1.0',
    observedMs: clock.now(),
    nodeJson: JSON.stringify({ node: { Node: 'n1', Address: '10.0.0.1', Meta: {} }, services: [], checks: [] }),
    reportJson: JSON.stringify({
      bundle,
      identityRootId: leafRoot,
      leaves: { byRoot: { [leafRoot]: 2 }, rateLimited: 0 },
      ...NO_SIDECARS,
      clockOffsetMs: 0,
      version: '0.1.0',
    }),
  });
};
const evidence = () =>
  new RegisteredEvidence({
    datacenter: 'dc1',
    registry: new DatacenterRegistry(dc1.core.store, dc1.core.follower),
    adoption: dc1.core.adoption,
    clock: dc1.core.ambient.clock,
  });
/** What the primary knows of dc2, once it is as wished. */
const knownOfDc2 = async (isAsWished: (adoption: Json) => boolean): Promise<Json> => {
  const limit = performance.now() + 20_000;
  for (;;) {
    const found = (await evidence().datacenters()).find(({ datacenter }) => datacenter === 'dc2')?.adoption;
    const adoption = found as unknown as Json | undefined;
    if (adoption !== undefined && isAsWished(adoption)) return adoption;
    if (performance.now() > limit) throw new Error(`the primary knows only ${JSON.stringify(found)}`);
    await dc1.core.ambient.timers.sleep(20);
  }
};
const rootOf = (server: Server<unknown>): string => server.core.ca.getActive().rootId;

describe('the adoption of a secondary', () => {
  it(
    'is evidence in the primary within two seconds of what its agents say',
    async () => {
      await knownOfDc2(({ signingRootId }) => (signingRootId as unknown) === rootOf(dc1));
      const saidAt = performance.now();
      await heartbeat([rootOf(dc1)], rootOf(dc1));
      const adoption = await knownOfDc2(({ leaves }) => Object.keys(leaves!).length > 0);
      expect(performance.now() - saidAt).toBeLessThan(2_500);
      expect(adoption).toMatchObject({
        datacenter: 'dc2',
        agents: { total: 1, live: 1, trusting: { [rootOf(dc1)]: 1 } },
        leaves: { [rootOf(dc1)]: 2 },
        identities: { [rootOf(dc1)]: 1 },
        laggards: [],
      });
    },
    LIMIT_MS,
  );

  it(
    'is shown through the primary by its name',
    async () => {
      const body = await until(
        'dc2 answers',
        () => dc1.ask('/v1/connect/ca/adoption?dc=dc2'),
        ({ Datacenter }) => (Datacenter as unknown) === 'dc2',
      );
      expect(body).toMatchObject({ SigningRootID: rootOf(dc2), Agents: { Total: 1 }, LedgerLeaves: {} });
      const agents = await dc1.ask('/v1/connect/ca/adoption/agents?dc=dc2');
      expect(agents.json()).toMatchObject({ Agents: [{ Node: 'n1', Report: { IdentityRootID: rootOf(dc2) } }] });
    },
    LIMIT_MS,
  );

  it(
    'holds a rotation until the agent there trusts the next root, and then lets it sign',
    async () => {
      const before = rootOf(dc1);
      const post = (body: object) => dc1.ask('/v1/connect/ca/rotations', { method: 'POST', body });
      await heartbeat([before], before);
      const plan = (await post({ DryRun: true })).json();
      const started = await post({ PlanHash: plan['PlanHash'] });
      expect([started.status, started.text]).toEqual([200, expect.stringContaining('"Phase"')]);
      const staged = await knownOfDc2(({ stagedRootId }) => stagedRootId !== undefined);
      const next = staged['stagedRootId'] as unknown as string;
      const behind = await knownOfDc2(({ laggards }) => laggards!.length > 0);
      expect(behind['laggards']![0]).toMatchObject({ node: 'n1', reason: 'pending', lacks: [next] });
      expect([rootOf(dc1), rootOf(dc2)]).toEqual([before, before]);
      await heartbeat([before, next], before);
      await knownOfDc2(({ signingRootId }) => (signingRootId as unknown) === next);
      expect(rootOf(dc1)).toBe(next);
    },
    LIMIT_MS,
  );
});
