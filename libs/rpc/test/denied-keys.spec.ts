import { SecretText, SystemClock } from '@banyan/kernel';
import type { Certificate } from '@banyan/pki';
import { TestAuthority } from '@banyan/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FirstContact, LanClient, RotatingIdentity, type TlsMaterial, WanClient } from '../src/index.js';
import { agentUri, serverUri, TRUST_DOMAIN } from './support/test-authority.js';
import { TestServer } from './support/test-server.js';

const clock = new SystemClock();
const beat = { node: 'n1', address: '10.0.0.1', version: '0.1.0', observedMs: 41 };

/** The root that everybody trusts; and one that it vouched for, that was rolled back, and whose key a thief has. */
let honest: TestAuthority;
let stolen: TestAuthority;
let deniedKeys: readonly string[];
/** The chain of the thief ends in what the honest root certified: TLS finds nothing wrong with it. */
const forged = async (uri: string): Promise<TlsMaterial> => materialOf(stolen, uri, await honest.crossSign(stolen));
const materialOf = async (
  under: TestAuthority,
  uri: string,
  ...extra: readonly Certificate[]
): Promise<TlsMaterial> => {
  const { certificatePem, privateKeyPem } = await under.leaf(uri, extra);
  return { certChainPem: certificatePem, keyPem: privateKeyPem, bundlePem: honest.root.pem };
};

beforeAll(async () => {
  honest = await TestAuthority.create(TRUST_DOMAIN, 'honest');
  stolen = await TestAuthority.create(TRUST_DOMAIN, 'stolen');
  deniedKeys = [stolen.root.keyFingerprint];
});

const opened: { close(): void }[] = [];
const stopped: TestServer[] = [];
afterAll(async () => {
  for (const each of opened) each.close();
  await Promise.all(stopped.map((server) => server.stop()));
});

const serve = async (material: TlsMaterial): Promise<TestServer> => {
  const server = await TestServer.start(new RotatingIdentity(material));
  stopped.push(server);
  return server;
};
const lan = (server: TestServer, material: TlsMaterial): LanClient => {
  const options = { identity: new RotatingIdentity(material), datacenter: 'dc1', clock };
  const client = new LanClient({ addresses: [server.lanAddress], ...options });
  opened.push(client);
  return client;
};

describe('a forged identity under a key that an honest root once vouched for', () => {
  it('is believed by TLS, and refused as a client from the call on before which the key is denied', async () => {
    const material = await materialOf(honest, serverUri('dc1'));
    const server = await serve(material);
    const thief = lan(server, await forged(agentUri('dc1', 'n1')));
    const agent = lan(server, await materialOf(honest, agentUri('dc1', 'n1')));
    // What the list is for: without it the thief is served.
    expect(await thief.heartbeat(beat)).toMatchObject({ serverMs: 42 });
    server.identity.rotate({ ...material, deniedKeys });
    // The same connection: it was accepted before the key was denied.
    await expect(thief.heartbeat(beat)).rejects.toMatchObject({
      name: 'BanyanError',
      code: 'PEER_UNAUTHENTICATED',
      message: expect.stringContaining('CHAIN_KEY_DENIED'),
    });
    expect(await agent.heartbeat(beat)).toMatchObject({ serverMs: 42 });
    const later = lan(server, await forged(agentUri('dc1', 'n1')));
    await expect(later.heartbeat(beat)).rejects.toMatchObject({ code: 'PEER_UNAUTHENTICATED' });
    expect(await lan(server, await materialOf(honest, agentUri('dc1', 'n1'))).heartbeat(beat)).toBeDefined();
  });

  it('is refused as a client over the WAN', async () => {
    const server = await serve({ ...(await materialOf(honest, serverUri('dc1'))), deniedKeys });
    const wan = async (material: TlsMaterial): Promise<unknown> => {
      const options = { identity: new RotatingIdentity(material), datacenter: 'dc1', clock };
      const client = new WanClient({ addresses: [server.wanAddress], ...options });
      opened.push(client);
      return client
        .signIntermediate({ token: new SecretText('t'), csrPem: 'csr', datacenter: 'dc2', wanAddress: '127.0.0.1:1' })
        .catch((error: unknown) => error);
    };
    expect(await wan(await forged(serverUri('dc2')))).toMatchObject({ code: 'PEER_UNAUTHENTICATED' });
    expect(await wan(await materialOf(honest, serverUri('dc2')))).toMatchObject({ certificatePem: 'for dc2' });
  });

  it('is refused as a server, by whoever knows that the key is denied', async () => {
    const server = await serve(await forged(serverUri('dc1')));
    const own = await materialOf(honest, agentUri('dc1', 'n1'));
    expect(await lan(server, own).heartbeat(beat)).toMatchObject({ serverMs: 42 });
    await expect(lan(server, { ...own, deniedKeys }).heartbeat(beat)).rejects.toMatchObject({
      code: 'PEER_UNAUTHENTICATED',
      message: expect.stringContaining('CHAIN_KEY_DENIED'),
    });
  });

  it('is refused at first contact by an agent that kept the list', async () => {
    const server = await serve(await forged(serverUri('dc1')));
    server.bootstrap.rootPems = [honest.root.pem];
    const contact = { address: server.lanAddress, datacenter: 'dc1', anchor: { caPem: honest.root.pem }, clock };
    await expect(FirstContact.open({ ...contact, deniedKeys })).rejects.toMatchObject({
      name: 'BanyanError',
      code: 'PEER_UNAUTHENTICATED',
    });
    const real = await serve(await materialOf(honest, serverUri('dc1')));
    real.bootstrap.rootPems = [honest.root.pem];
    const met = await FirstContact.open({ ...contact, address: real.lanAddress, deniedKeys });
    opened.push(met);
    expect(met.roots.rootPems).toEqual([honest.root.pem]);
  });

  it('leads nobody on: a denied root that is presented is no end of a way', async () => {
    const server = await serve(await materialOf(honest, serverUri('dc1')));
    server.bootstrap.rootPems = [stolen.root.pem];
    server.bootstrap.transitions = [
      {
        kind: 'vouched',
        fromFingerprint: honest.root.fingerprintSha256,
        fromPem: honest.root.pem,
        crossSignedPem: (await honest.crossSign(stolen)).pem,
        nextFingerprint: stolen.root.fingerprintSha256,
      },
    ];
    const pin = honest.root.fingerprintSha256.replaceAll(':', '');
    const contact = { address: server.lanAddress, datacenter: 'dc1', anchor: { pin }, clock };
    await expect(FirstContact.open({ ...contact, deniedKeys })).rejects.toMatchObject({
      name: 'BanyanError',
      code: 'ROOT_TAINTED',
    });
  });
});
