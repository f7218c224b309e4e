import { CaProjection, parseCaConfiguration, type RootRecord } from '@banyan/ca';
import { CaConfigurationWriter, type CaConfigurationChange } from '@banyan/http-api';
import { TrustDomain } from '@banyan/identity';
import { BanyanError, stateIndex, SystemClock, SystemRandom } from '@banyan/kernel';
import {
  createCsr,
  generateKeyPair,
  issue,
  LocalSigner,
  parseCsr,
  prepareIntermediate,
  prepareRoot,
} from '@banyan/pki';

const TRUST_DOMAIN = TrustDomain.ofCluster('6f1d0c52-9a3b-4e07-8d15-2b7c9e40aa61');

/** A CA whose state is fixed: one root and one intermediate, really signed. */
export const fixedCa = async (): Promise<CaProjection> => {
  const [clock, random] = [new SystemClock(), new SystemRandom()];
  const rootKey = await generateKeyPair({ type: 'ec', bits: 256 });
  const common = { trustDomain: TRUST_DOMAIN.name, lifetimeMs: 3_600_000, now: clock.now(), random };
  const certificate = await issue(
    prepareRoot({ ...common, publicKey: rootKey.publicKey, commonName: 'pri-test.consul.ca.6f1d0c52.consul' }),
    new LocalSigner(rootKey.privateKey),
  );
  const keyPair = await generateKeyPair({ type: 'ec', bits: 256 });
  const request = parseCsr(createCsr({ keyPair, uri: `spiffe://${TRUST_DOMAIN.name}`, ca: true }));
  const intermediate = await issue(
    prepareIntermediate({ ...common, request, issuer: certificate, commonName: 'sec-test.dc1.ca.6f1d0c52.consul' }),
    new LocalSigner(rootKey.privateKey),
  );
  const root: RootRecord = {
    id: certificate.fingerprintSha1,
    generation: 1,
    name: 'Consul CA Primary Cert',
    certificate,
    state: 'active',
    provider: 'consul',
    privateKeyType: 'ec',
    privateKeyBits: 256,
    createIndex: stateIndex(3),
    modifyIndex: stateIndex(3),
  };
  const ca = Object.create(CaProjection.prototype) as CaProjection;
  const configuration = {
    parsed: parseCaConfiguration('consul', { LeafCertTTL: '72h' }),
    forceWithoutCrossSigning: false,
    createIndex: stateIndex(3),
    modifyIndex: stateIndex(4),
  };
  const active = { id: 'a', rootId: root.id, certificate: intermediate, keyPair, modifyIndex: stateIndex(5) };
  Object.defineProperty(ca, 'state', {
    value: {
      trustDomain: TRUST_DOMAIN,
      roots: [root],
      active,
      retired: [],
      taintedGone: [],
      deniedKeys: [],
      configuration,
    },
  });
  return ca;
};

/** Keeps what it was asked to configure; refuses an unknown provider like the real one. */
export class RecordedConfiguration extends CaConfigurationWriter {
  readonly changes: CaConfigurationChange[] = [];

  override async configure(_context: unknown, change: CaConfigurationChange): Promise<void> {
    if (change.provider !== 'consul') {
      throw new BanyanError(
        'CA_PROVIDER_UNKNOWN',
        `could not initialize provider: unknown CA provider "${change.provider}"`,
      );
    }
    this.changes.push(change);
  }
}
