import { CA_ENTITIES } from '@banyan/ca';
import { HOUR, type JsonValue, SecretText, SilentLogger } from '@banyan/kernel';
import { createCsr, generateKeyPair, parseCertificates } from '@banyan/pki';
import type { Store } from '@banyan/store';
import { eventually, FakeTime, holdLease, withTestStore } from '@banyan/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { adoptBundle, bundleJson } from '../src/edges/bundle-items.js';
import { BootstrapService } from '../src/edges/bootstrap-service.js';
import { LanService, rootsJson } from '../src/edges/lan-service.js';
import { parseNodeSync } from '../src/edges/node-sync.js';
import { ServerIdentity } from '../src/identity/server-identity.js';
import { openPrimary, type PrimaryBench } from './primary-bench.js';

const stores = withTestStore(CA_ENTITIES);
let bench: PrimaryBench;
let lan: LanService;
beforeAll(async () => {
  bench = await openPrimary(await stores.freshUrl());
  lan = new LanService(bench.core, () => {
    throw new Error('no HTTP here');
  });
});
afterAll(() => bench.stop());

const none = new SecretText('');
const never = new AbortController().signal;
const SERVICE = 'ns/default/dc/dc1/svc/web';
const agent = (node: string) => `agent/client/dc/dc1/id/${node}`;

const dc1Agent = (node: string) => bench.callOf({ kind: 'agent', datacenter: 'dc1', node });
const ask = async (token: SecretText, datacenter = 'dc2') => {
  const csrPem = await bench.csr(`spiffe://${bench.core.ca.getTrustDomain().name}`);
  return bench.role.signIntermediate({ token, datacenter, csrPem, wanAddress: '127.0.0.1:2' }, never);
};
const adopted = async (store: Store, json: string): Promise<void> => {
  const lease = await holdLease(store);
  await adoptBundle(store, json, lease.fence).finally(() => lease.release());
};
const roundTrip = async (store: Store): Promise<void> => {
  await adopted(store, await bundleJson(bench.core.store));
};
const issuerOf = (): string => parseCertificates(bench.core.identity.rotating.material!.certChainPem)[1]!.pem;

describe('signLeaf', () => {
  it('signs for whoever may write the service', async () => {
    const token = await bench.token({ kind: 'service', service: 'web' });
    const reply = await lan.signLeaf({ csrPem: await bench.csr(SERVICE), token }, dc1Agent('n1'));
    const [leaf, issuer] = parseCertificates(reply.chainPem);
    expect(leaf!.uris).toEqual([`spiffe://${bench.core.ca.getTrustDomain().name}/${SERVICE}`]);
    expect(issuer!.pem).toBe(bench.core.ca.getActive().certificate.pem);
    expect(reply.rootId).toBe(bench.core.ca.wantedRoot!.id);
  });

  it.each<[string, string, () => Promise<SecretText> | SecretText, string]>([
    ['no token', SERVICE, () => none, 'PERMISSION_DENIED'],
    ['an unknown token', SERVICE, () => new SecretText('11111111-2222-3333-4444-555555555555'), 'ACL_NOT_FOUND'],
    [
      'the token of another service',
      SERVICE,
      () => bench.token({ kind: 'service', service: 'webby' }),
      'PERMISSION_DENIED',
    ],
    ['an agent’s token', SERVICE, () => bench.token({ kind: 'agent', node: 'web' }), 'PERMISSION_DENIED'],
    [
      'a service of another datacenter',
      'ns/default/dc/dc2/svc/web',
      () => bench.token({ kind: 'management' }),
      'CSR_DATACENTER_FOREIGN',
    ],
    [
      'another trust domain',
      `spiffe://11111111-2222-3333-4444-555555555555.consul/${SERVICE}`,
      () => bench.token({ kind: 'management' }),
      'CSR_TRUST_DOMAIN_FOREIGN',
    ],
    ['an agent’s identity', agent('n1'), () => bench.token({ kind: 'management' }), 'CSR_SAN_INVALID'],
    ['a server’s identity', 'agent/server/dc/dc1', () => bench.token({ kind: 'management' }), 'CSR_SAN_INVALID'],
  ])('refuses %s by name, and signs nothing', async (_, uri, token, code) => {
    const { tally } = bench.core.leaves;
    const served = (): number => tally.counts.served.get('service')!;
    const refused = (): number => tally.counts.refused.get(code) ?? 0;
    const before = { served: served(), refused: refused() };
    const request = { csrPem: await bench.csr(uri), token: await token() };
    await expect(lan.signLeaf(request, dc1Agent('n1'))).rejects.toMatchObject({ name: 'BanyanError', code });
    expect({ served: served(), refused: refused() }).toEqual({ ...before, refused: before.refused + 1 });
  });
});

const newest = async () => (await bench.core.ledgerReader.search({ limit: 1 }))[0]!;
const live = () => bench.core.ledgerReader.live(bench.core.ambient.clock.now());

describe('the ledger', () => {
  it('has who asked for a leaf, from which node and why, and proves everything since the first root', async () => {
    const token = await bench.token({ kind: 'service', service: 'web' });
    const csrPem = await bench.csr(SERVICE);
    const before = await live();
    const reply = await lan.signLeaf({ csrPem, token, reason: 'rotation' }, dc1Agent('n1'));
    const { accessorId } = bench.core.tokens.resolve(token);
    expect(await newest()).toMatchObject({
      server: 'server-1',
      issuance: {
        kind: 'service',
        subject: 'web',
        serialHex: parseCertificates(reply.chainPem)[0]!.serialHex,
        rootId: reply.rootId,
        requester: { accessorId, node: 'n1', reason: 'rotation' },
      },
    });
    await lan.renewAgent({ csrPem: await bench.csr(agent('n1')) }, dc1Agent('n1'));
    expect((await newest()).issuance).toMatchObject({ kind: 'agent', requester: { node: 'n1', reason: 'renewal' } });
    const kinds = await bench.core.store.dataSource.query('SELECT kind FROM issuance ORDER BY seq LIMIT 3');
    expect(kinds).toEqual([{ kind: 'root' }, { kind: 'intermediate' }, { kind: 'server' }]);
    expect(await bench.core.ledgerReader.verify(never)).toMatchObject({ valid: true });
    expect(await live()).toEqual({ [reply.rootId]: (before[reply.rootId] ?? 0) + 1 });
  });

  it('has for which datacenter an intermediate is, and whose token it was', async () => {
    const token = await bench.token({ kind: 'replication', datacenter: 'dc2' });
    const { accessorId } = bench.core.tokens.resolve(token);
    const keyPair = await generateKeyPair({ type: 'ec', bits: 256 });
    const csrPem = createCsr({ keyPair, uri: `spiffe://${bench.core.ca.getTrustDomain().name}`, ca: true });
    await bench.role.signIntermediate({ token, datacenter: 'dc2', csrPem, wanAddress: '127.0.0.1:2' }, never);
    const { issuance } = await newest();
    expect(issuance).toMatchObject({ kind: 'intermediate', subject: 'dc2', requester: { accessorId } });
  });
});

describe('an agent', () => {
  it('renews its own certificate, and gets the bundle with it', async () => {
    const reply = await lan.renewAgent({ csrPem: await bench.csr(agent('n1')) }, dc1Agent('n1'));
    expect(parseCertificates(reply.certificatePem)[0]!.uris[0]).toMatch(/\/agent\/client\/dc\/dc1\/id\/n1$/);
    expect(reply.bundleJson).toBe(rootsJson(bench.core));
  });

  it('gets no certificate of another node, of a service or of a server, and a server none of an agent', async () => {
    const refusal = { name: 'BanyanError', code: 'PEER_NOT_ALLOWED' };
    for (const uri of [agent('n2'), SERVICE, 'agent/server/dc/dc1']) {
      await expect(lan.renewAgent({ csrPem: await bench.csr(uri) }, dc1Agent('n1'))).rejects.toMatchObject(refusal);
    }
    const server = bench.callOf({ kind: 'server', datacenter: 'dc1' });
    await expect(lan.renewAgent({ csrPem: await bench.csr(agent('n1')) }, server)).rejects.toMatchObject(refusal);
  });

  it('enrols with a token of its node only, and only as that node', async () => {
    const enrolment = new BootstrapService(bench.core, bench.role);
    const open = { remoteAddress: '10.0.0.7:4000', signal: new AbortController().signal };
    const token = await bench.token({ kind: 'agent', node: 'n1' });
    const csrPem = await bench.csr(agent('n1'));
    expect(
      parseCertificates((await enrolment.enrolAgent({ node: 'n1', csrPem, token }, open)).certificatePem)[0]!.isCa,
    ).toBe(false);
    await expect(enrolment.enrolAgent({ node: 'n2', csrPem, token }, open)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    const other = await bench.csr(agent('n2'));
    await expect(enrolment.enrolAgent({ node: 'n1', csrPem: other, token }, open)).rejects.toMatchObject({
      code: 'CSR_SAN_INVALID',
    });
    await expect(enrolment.enrolAgent({ node: 'n1', csrPem, token: none }, open)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
  });

  it('is heard about the node of its certificate only', () => {
    const now = bench.core.ambient.clock.now();
    for (const json of [
      'no JSON',
      'null',
      '[]',
      '{"node":{"Node":"n2"},"services":[],"checks":[]}',
      '{"node":{"Node":"n1"}}',
    ]) {
      expect(() => parseNodeSync('n1', json, now)).toThrow(
        expect.objectContaining({ name: 'BanyanError', code: 'NODE_INVALID' }),
      );
    }
  });
});

describe('signIntermediate', () => {
  it('refuses whoever holds no replication token of that datacenter, and a secondary with the primary’s name', async () => {
    const dc3 = await bench.token({ kind: 'replication', datacenter: 'dc3' });
    await expect(ask(none)).rejects.toMatchObject({ name: 'BanyanError', code: 'PERMISSION_DENIED' });
    await expect(ask(dc3)).rejects.toMatchObject({ name: 'BanyanError', code: 'PERMISSION_DENIED' });
    const own = await bench.token({ kind: 'replication', datacenter: 'dc1' });
    await expect(ask(own, 'dc1')).rejects.toMatchObject({ name: 'BanyanError', code: 'PEER_NOT_ALLOWED' });
    expect(bench.core.datacenters.find('dc3')).toBeUndefined();
  });
});

describe('a report of a secondary', () => {
  const many = Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`root-${n}`, n]));
  it.each([
    ['no JSON', 'no JSON'],
    ['without horizons', '{}'],
    ['of more roots than a bundle holds', JSON.stringify({ horizons: many })],
  ])('is refused when it is one %s', async (_, json) => {
    await expect(bench.role.wan.report({ datacenter: 'dc2', json })).rejects.toMatchObject({
      name: 'BanyanError',
      code: 'REQUEST_INVALID',
    });
  });
});

describe('first contact', () => {
  it('hands over trust domain, configuration and roots, no key among them, so that both sides say the same', async () => {
    const store = await stores.open();
    await roundTrip(store);
    const handed = await bundleJson(store);
    expect(JSON.parse(handed)).toEqual(JSON.parse(await bundleJson(bench.core.store)));
    expect(handed).not.toContain('PRIVATE KEY');
    const [root] = await store.dataSource.query('SELECT sealed_key FROM root_authority');
    expect(root).toEqual({ sealed_key: null });
    const index = await store.currentIndex();
    await roundTrip(store);
    expect(await store.currentIndex()).toBe(index);
  });

  it('is taken over as a whole or not at all', async () => {
    const store = await stores.open();
    const items = JSON.parse(await bundleJson(bench.core.store)) as { topic: string; body: JsonValue }[];
    const forged = items.map((item) => (item.topic === 'root' ? { ...item, contentHash: 'another' } : item));
    const shapes = ['no JSON', '{}', '[{"topic":1}]', JSON.stringify(forged)];
    for (const json of shapes) {
      await expect(adopted(store, json)).rejects.toMatchObject({ name: 'BanyanError', code: 'REQUEST_INVALID' });
    }
    expect(JSON.parse(await bundleJson(store))).toEqual([]);
  });

  it('is not taken over by a server that has lost the lease meanwhile', async () => {
    const store = await stores.open();
    const { fence, release } = await holdLease(store);
    await release();
    const handed = await bundleJson(bench.core.store);
    await expect(adoptBundle(store, handed, fence)).rejects.toMatchObject({ name: 'BanyanError', code: 'LEASE_LOST' });
    expect(JSON.parse(await bundleJson(store))).toEqual([]);
  });

  it('never replaces the trust domain that is stored', async () => {
    const other = await openPrimary(await stores.freshUrl());
    const foreign = await bundleJson(other.core.store).finally(() => other.stop());
    const store = await stores.open();
    await roundTrip(store);
    const before = await bundleJson(store);
    await expect(adopted(store, foreign)).rejects.toMatchObject({
      name: 'BanyanError',
      code: 'TRUST_DOMAIN_MISMATCH',
    });
    expect(await bundleJson(store)).toBe(before);
  });
});

describe('the server’s own identity', () => {
  it('is renewed within a minute of when it is due, also when the clock was set meanwhile', async () => {
    const { ca: projection, leaves: issuer, ambient } = bench.core;
    const time = new FakeTime(ambient.clock.now());
    const own = { datacenter: 'dc1', node: 'server-1', projection, issuer, clock: time.clock, timers: time.timers };
    const identity = new ServerIdentity({ ...own, logger: new SilentLogger() });
    await identity.start();
    const first = identity.rotating.material!;
    time.jump(37 * HOUR);
    await time.advance(60_000);
    await eventually('it is signed anew', () => identity.rotating.material !== first);
    identity.stop();
  });

  it('is signed anew, with the next bundle, as soon as the signing authority changed', async () => {
    const { core, role } = bench;
    const before = core.identity.rotating.material!;
    const context = { token: none, accessorId: 'test' };
    const change = { provider: 'consul', options: { PrivateKeyBits: 384 }, forceWithoutCrossSigning: false };
    await role.configurationWriter.configure(context, change);
    const active = core.ca.getActive();
    expect(active.rootId).toBe(core.ca.wantedRoot!.id);
    await eventually('it is signed anew', () => core.identity.rotating.material !== before);
    await eventually('by the next authority', () => issuerOf() === active.certificate.pem);
    const { material, id } = core.identity.rotating;
    expect(id).toMatchObject({ kind: 'server', datacenter: 'dc1' });
    expect(material!.keyPem.reveal()).not.toBe(before.keyPem.reveal());
    expect(parseCertificates(material!.bundlePem)).toHaveLength(2);
    expect(parseCertificates(material!.certChainPem)).toHaveLength(3);
  });
});
