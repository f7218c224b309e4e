import { contentHash, epochMs, HOUR, type JsonValue, stateIndex, SystemClock, SystemRandom } from '@banyan/kernel';
import { TrustDomain } from '@banyan/identity';
import {
  type Certificate,
  generateKeyPair,
  issue,
  type KeyPair,
  LocalSigner,
  prepareCrossSigned,
  prepareRoot,
} from '@banyan/pki';
import { withTestStore } from '@banyan/testkit';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { CA_ENTITIES, CA_REPLICAS, judgeReturnedRoots, reasonAgainstBundle, type RootRecord } from '../src/index.js';

const stores = withTestStore([...CA_ENTITIES]);
const random = new SystemRandom();
const now = new SystemClock().now();
const TRUST = TrustDomain.ofCluster('6f1d0c52-9a3b-4e07-8d15-2b7c9e40aa61').name;

interface Made {
  readonly certificate: Certificate;
  readonly keyPair: KeyPair;
}
type Body = { readonly [name: string]: JsonValue };

const makeRoot = async (name: string, trustDomain = TRUST): Promise<Made> => {
  const keyPair = await generateKeyPair({ type: 'ec', bits: 256 });
  const { publicKey } = keyPair;
  const common = { publicKey, trustDomain, commonName: `pri-${name}.consul`, lifetimeMs: 1_000 * HOUR, now, random };
  return { certificate: await issue(prepareRoot(common), new LocalSigner(keyPair.privateKey)), keyPair };
};
const vouch = (next: Made, previous: Made): Promise<Certificate> =>
  issue(
    prepareCrossSigned({ subject: next.certificate, issuer: previous.certificate, now, random }),
    new LocalSigner(previous.keyPair.privateKey),
  );

const bodyOf = (root: Made, generation: number, crossSigned: Certificate | undefined, change: Body = {}): Body => ({
  id: root.certificate.fingerprintSha1,
  fingerprintSha256: root.certificate.fingerprintSha256,
  generation,
  name: 'a root',
  certificatePem: root.certificate.pem,
  crossSignedPem: crossSigned?.pem ?? null,
  provider: 'consul',
  state: 'active',
  taintedAt: null,
  rotatedOutAt: null,
  privateKeyType: 'ec',
  privateKeyBits: 256,
  ...change,
});
const recordOf = (root: Made, generation: number): RootRecord => ({
  id: root.certificate.fingerprintSha1,
  generation,
  name: 'a root',
  certificate: root.certificate,
  state: 'active',
  provider: 'consul',
  privateKeyType: 'ec',
  privateKeyBits: 256,
  createIndex: stateIndex(1),
  modifyIndex: stateIndex(1),
});

describe('roots that a secondary gives back', () => {
  let [one, two, three, foreign] = [] as unknown as [Made, Made, Made, Made];
  let x12: Certificate;
  let x23: Certificate;
  beforeAll(async () => {
    one = await makeRoot('one');
    two = await makeRoot('two');
    three = await makeRoot('three');
    foreign = await makeRoot('foreign', '11111111-2222-4333-8444-555555555555.consul');
    x12 = await vouch(two, one);
    x23 = await vouch(three, two);
  });
  const judge = (offered: readonly JsonValue[]) =>
    judgeReturnedRoots({ bundle: [recordOf(one, 1)], trustDomain: TRUST, offered, now });

  it('are proved one after the other, by what each was vouched for with', () => {
    const judged = judge([bodyOf(three, 3, x23), bodyOf(two, 2, x12)]);
    expect(judged.map(({ generation, objection }) => [generation, objection])).toEqual([
      [2, undefined],
      [3, undefined],
    ]);
  });

  it('are not proved by a secondary’s word, nor by a signature of somebody else', async () => {
    const forged = await vouch(two, await makeRoot('one'));
    const cases: [JsonValue, RegExp][] = [
      [bodyOf(two, 2, undefined), /no earlier root vouches/],
      [bodyOf(two, 2, forged), /no root of this primary vouches/],
      [bodyOf(two, 2, x23), /no root of this primary vouches/],
      [bodyOf(three, 3, x23), /no root of this primary vouches/],
      [bodyOf(foreign, 2, x12), /trust domain/],
    ];
    for (const [offered, objection] of cases) {
      const [judged, ...others] = judge([offered]);
      expect(others).toEqual([]);
      expect(judged!.objection).toMatch(objection);
    }
  });

  it('are passed over when they are tainted, earlier, here already, or no roots at all', () => {
    const other = bodyOf(two, 2, x12);
    expect(judge([bodyOf(two, 2, x12, { taintedAt: 1 })])).toEqual([]);
    expect(judge([bodyOf(two, 1, x12)])).toEqual([]);
    expect(judge([bodyOf(one, 2, undefined)])).toEqual([]);
    expect(judge([{ ...other, certificatePem: 'x' }, { ...other, id: 'x' }, 'x', null, {}])).toEqual([]);
    expect(judgeReturnedRoots({ bundle: [], trustDomain: TRUST, offered: [other], now })).toEqual([]);
  });

  it('come back inactive and without a key, once', async () => {
    const store = await stores.open();
    const [root] = judge([bodyOf(two, 2, x12)]);
    const take = async (): Promise<number> => (await store.run((tx) => root!.takeBack(tx))).index;
    const index = await take();
    expect(await take()).toBe(index);
    const rows = await store.query('SELECT state, generation, sealed_key, rotated_out_at FROM root_authority', []);
    expect(rows).toEqual([{ state: 'inactive', generation: 2, sealed_key: null, rotated_out_at: new Date(now) }]);
    const replica = CA_REPLICAS.find(({ topic }) => topic === 'root')!;
    const [item] = await replica.snapshot(store.dataSource.manager);
    expect(item!.contentHash).toBe(contentHash(bodyOf(two, 2, x12, { state: 'inactive', rotatedOutAt: now })));
  });
});

const item = (body: Body) => ({ topic: 'root', key: body['id'] as string, body });
const inactive = (body: Body): Body => ({ ...body, state: 'inactive', rotatedOutAt: epochMs(1) });

describe('reasonAgainstBundle', () => {
  it('is that an earlier root is active and a later one, which is here, is missing', async () => {
    const [one, two] = [await makeRoot('one'), await makeRoot('two')];
    const [first, second] = [bodyOf(one, 1, undefined), bodyOf(two, 2, undefined)];
    const local = [item(inactive(first)), item(second)];
    expect(reasonAgainstBundle(local, [item(first)])).toMatch(/generation 1 as active, and lacks root .* generation 2/);
    expect(reasonAgainstBundle(local, [item(first), item(inactive(second))])).toBeUndefined();
    expect(reasonAgainstBundle(local, [item(second)])).toBeUndefined();
    expect(reasonAgainstBundle(local, [])).toBeUndefined();
    expect(reasonAgainstBundle([], [item(first)])).toBeUndefined();
  });
});
