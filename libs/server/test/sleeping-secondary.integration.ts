import { CA_ENTITIES, RootAuthority } from '@banyan/ca';
import { epochMs, HOUR, SecretText, SystemClock } from '@banyan/kernel';
import { importPrivateKeyPem } from '@banyan/pki';
import { readSettings } from '@banyan/settings';
import { eventually, forgeIdentity, freePort, RecordingLogger, withTestStore } from '@banyan/testkit';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  DatacenterCore,
  DatacenterLinks,
  DatacenterServer,
  PrimaryRole,
  primaryName,
  primarySettings,
  SecondaryRole,
  secondarySettings,
} from '../src/index.js';

const stores = withTestStore(CA_ENTITIES);
const never = new AbortController().signal;
const KEK = Buffer.alloc(32, 7).toString('base64');
const LIMIT_MS = 60_000;
const unread = (): never => {
  throw new Error('no file is named');
};

/** A server's own part of the environment: the same database and ports each time it is started. */
const placeOf = async (datacenter: string) => {
  const [http, lan, wan] = await Promise.all([freePort(), freePort(), freePort()]);
  return {
    BANYAN_DATACENTER: datacenter,
    BANYAN_DATABASE_URL: await stores.freshUrl(),
    BANYAN_KEK: KEK,
    BANYAN_HTTP_BIND: `127.0.0.1:${http}`,
    BANYAN_LAN_BIND: `127.0.0.1:${lan}`,
    BANYAN_WAN_BIND: `127.0.0.1:${wan}`,
  };
};
type Place = Awaited<ReturnType<typeof placeOf>>;

interface Up<Role> {
  readonly core: DatacenterCore;
  readonly role: Role;
  readonly stop: () => Promise<void>;
}

const startPrimary = async (place: Place): Promise<Up<PrimaryRole>> => {
  const settings = readSettings(primarySettings, { env: place, readFile: unread });
  const core = await DatacenterCore.open(settings, new RecordingLogger(), unread);
  let role: PrimaryRole | undefined;
  const server = await DatacenterServer.start({
    core,
    links: new DatacenterLinks(core),
    role: (http) => (role = new PrimaryRole({ core, settings, kinds: [], http, onRoot: () => undefined })),
  });
  return { core, role: role!, stop: () => server.stop() };
};

const startSecondary = async (
  place: Place,
  tie: { readonly pin: string; readonly token: string; readonly wan: string },
  logger: RecordingLogger,
): Promise<Up<SecondaryRole>> => {
  const env = {
    ...place,
    BANYAN_PRIMARY_WAN_ADDRESS: tie.wan,
    BANYAN_ROOT_FINGERPRINT: tie.pin,
    BANYAN_REPLICATION_TOKEN: tie.token,
  };
  const settings = readSettings(secondarySettings, { env, readFile: unread });
  const core = await DatacenterCore.open(settings, logger, unread);
  const links = new DatacenterLinks(core, (datacenter) =>
    datacenter === primaryName(core, settings) ? settings.BANYAN_PRIMARY_WAN_ADDRESS : [],
  );
  let role: SecondaryRole | undefined;
  const server = await DatacenterServer.start({
    core,
    links,
    role: (http) => (role = new SecondaryRole(core, settings, links, http)),
  });
  return { core, role: role!, stop: () => server.stop() };
};

/** All steps of a rotation at once, the drop of the earlier root included. */
const rotate = async ({ core }: Up<PrimaryRole>, compromised = false): Promise<void> => {
  const { store, follower, ca: projection, keys, ambient, datacenter, ledger: recorder } = core;
  const root = new RootAuthority({ datacenter, store, follower, projection, keys, recorder, ...ambient });
  const commit = async (work: Parameters<typeof store.run>[0]): Promise<void> =>
    follower.reached((await store.run(work)).index, { limitMs: 10_000 });
  const previous = projection.wantedRoot!.id;
  const order = { provider: 'consul', options: {}, rotationId: ambient.random.uuid(), crossSign: !compromised };
  const made = await root.make({ ...order, compromised }, never);
  await commit((tx) => made.publish(tx));
  await commit((tx) => root.apply(tx, { kind: 'activate', rootId: made.rootId }));
  await eventually('the primary signs under it', () => projection.state.active?.rootId === made.rootId);
  await commit((tx) => root.apply(tx, { kind: 'drop', rootId: previous }));
};

/** Puts an intermediate that ended an hour ago in the place of the one in use: same key, same root. */
const expire = async (primary: Up<PrimaryRole>, secondary: Up<SecondaryRole>): Promise<void> => {
  const now = new SystemClock().now();
  const { certificate: root, id } = primary.core.ca.wantedRoot!;
  const [row] = await primary.core.store.dataSource.query('SELECT sealed_key FROM root_authority WHERE id = $1', [id]);
  const { privateKey, publicKey } = importPrivateKeyPem(
    primary.core.keys.open(row.sealed_key as string, `root-authority:${id}`).toString('utf8'),
  );
  const active = secondary.core.ca.getActive();
  const { certificate } = forgeIdentity(
    {
      subject: 'sec-old.dc2',
      ca: true,
      pathLength: 0,
      uris: root.uris,
      keyPair: active.keyPair,
      authorityKeyId: null,
      notBefore: epochMs(now - 2 * HOUR),
      notAfter: epochMs(now - HOUR),
    },
    { certificate: root, publicKey, privateKey },
  );
  await secondary.core.store.dataSource.query(
    `UPDATE signing_authority SET certificate_pem = $1 WHERE slot = 'active'`,
    [certificate.pem],
  );
};

describe('a secondary that slept, over real sockets', () => {
  let primary: Up<PrimaryRole>;
  let secondary: Up<SecondaryRole>;
  let places: { readonly dc1: Place; readonly dc2: Place };
  let tie: { pin: string; token: string; wan: string };
  let logger: RecordingLogger;

  const isUnder = (rootId: string) => () =>
    secondary.core.ca.state.active?.rootId === rootId &&
    secondary.core.ca.state.active.certificate.notAfter > new SystemClock().now();
  const reason = async (name: string): Promise<string | undefined> =>
    (await secondary.core.health.report()).dependencies.find((each) => each.name === name)?.reason;
  const wake = async (): Promise<void> => {
    logger = new RecordingLogger();
    secondary = await startSecondary(places.dc2, tie, logger);
  };

  beforeEach(async () => {
    places = { dc1: await placeOf('dc1'), dc2: await placeOf('dc2') };
    primary = await startPrimary(places.dc1);
    await eventually('the primary signs', () => primary.core.identity.rotating.material !== undefined);
    const context = { token: new SecretText(''), accessorId: 'test' };
    const token = { description: '', role: { kind: 'replication', datacenter: 'dc2' } as const };
    const { secret } = await primary.role.tokenWriter.create(context, token);
    const pin = primary.core.ca.wantedRoot!.certificate.fingerprintSha256;
    tie = { pin, token: secret.reveal(), wan: places.dc1.BANYAN_WAN_BIND };
    await wake();
    await eventually('the secondary signs', isUnder(primary.core.ca.wantedRoot!.id));
  }, LIMIT_MS);
  afterEach(async () => {
    await secondary.stop();
    await primary.stop();
  }, LIMIT_MS);

  it.each([
    ['with its certificates still valid', false],
    ['until its intermediate had expired', true],
  ])(
    'through two rotations, %s, comes back along the transitions from its retired root',
    async (_what, expired) => {
      if (expired) await expire(primary, secondary);
      await secondary.stop();
      const known = primary.core.ca.wantedRoot!.certificate.fingerprintSha256;
      await rotate(primary);
      await rotate(primary);
      const present = primary.core.ca.wantedRoot!;
      expect(primary.core.ca.state.roots.map((root) => root.id)).toEqual([present.id]);
      await wake();
      await eventually('it has found its way', () => logger.of('trust recovered by transitions').length > 0);
      await eventually('it signs under the present root', isUnder(present.id));
      expect(logger.of('trust recovered by transitions')[0]).toEqual({
        from: known,
        to: present.certificate.fingerprintSha256,
        steps: 2,
      });
      await eventually('the feed is back', () => secondary.role.state.state === 'READY');
      await eventually(
        'the retired roots have left its bundle, too',
        () => secondary.core.ca.state.roots.length === 1 && secondary.core.transitions.transitions.length === 2,
      );
    },
    LIMIT_MS,
  );

  it(
    'until its intermediate had expired, with the WAN away, says EXPIRED, and recovers by itself when the WAN is back',
    async () => {
      const { id } = primary.core.ca.wantedRoot!;
      await expire(primary, secondary);
      await secondary.stop();
      await primary.stop();
      await wake();
      await eventually('it has tried', () => logger.of('signing authority not ready').length > 0);
      expect(secondary.role.state).toMatchObject({
        state: 'EXPIRED',
        reason: expect.stringMatching(/^the intermediate ended at \S+Z: /),
      });
      expect(await reason('signing-authority')).toMatch(/^EXPIRED: /);
      expect(await reason('primary')).toMatch(/^EXPIRED: /);
      primary = await startPrimary(places.dc1);
      await eventually('it signs again', isUnder(id));
      await eventually('the feed is back', () => secondary.role.state.state === 'READY');
      expect(await reason('signing-authority')).toBe('');
    },
    LIMIT_MS,
  );

  it.each([
    ['ISSUER_NOT_TRUSTED', false],
    ['EXPIRED', true],
  ])(
    'while its root was compromised says %s and what to do, and comes back with a new pin only',
    async (state, expired) => {
      if (expired) await expire(primary, secondary);
      await secondary.stop();
      await rotate(primary, true);
      const present = primary.core.ca.wantedRoot!;
      await wake();
      const advice = 'have the operator give a new pin';
      await eventually('it says why not', () => secondary.role.state.reason.includes(advice));
      expect(secondary.role.state.state).toBe(state);
      expect(logger.of('signing authority not ready').at(-1)).toMatchObject({ code: 'ROOT_TAINTED' });
      expect(secondary.core.ca.state.roots.map((root) => root.id)).not.toContain(present.id);
      const { dependencies, ok } = await secondary.core.health.report();
      expect(dependencies.find(({ name }) => name === 'primary')).toEqual({
        name: 'primary',
        ok: !expired,
        reason: expect.stringMatching(new RegExp(`^${state}: .*${advice}`)),
      });
      // Whoever can sign goes on: the WAN is optional.
      expect(ok).toBe(!expired);
      await secondary.stop();
      tie = { ...tie, pin: present.certificate.fingerprintSha256 };
      await wake();
      await eventually('the new pin is used', () => logger.of('trust adopted').length > 0);
      await eventually('it signs under the present root', isUnder(present.id));
    },
    LIMIT_MS,
  );
});
