import { epochMs, HOUR, SystemRandom } from '@banyan/kernel';
import { formatSpiffeId } from '@banyan/identity';
import {
  type Certificate,
  createCsr,
  generateKeyPair,
  issue,
  LocalSigner,
  parseCsr,
  prepareIntermediate,
  prepareLeaf,
  prepareRoot,
} from '@banyan/pki';
import { type Comparison, compare } from './rounds.js';
import { opensslSignAndVerify } from './openssl-speed.js';

const TRUST_DOMAIN = '11111111-2222-4333-8444-555555555555.consul';
const DAY = 24 * HOUR;
/** Requests with keys of their own, so that no import of a key is remembered from one to the next. */
const REQUESTS = 256;
/** The clock is looked at after so many signatures. */
const BATCH = 64;

export interface Issuer {
  readonly certificate: Certificate;
  readonly signer: LocalSigner;
}

/** Work on leaves: a CSR in PEM goes in, the chain in PEM comes out, as the leaf issuer of a server does it. */
export interface SigningBench {
  /** Leaves per second of CPU, over about `seconds` of it. */
  leavesPerCpuSecond(seconds: number): Promise<number>;
}

export const makeIntermediate = async (random: SystemRandom, now: ReturnType<typeof epochMs>): Promise<Issuer> => {
  const [rootKey, key] = [
    await generateKeyPair({ type: 'ec', bits: 256 }),
    await generateKeyPair({ type: 'ec', bits: 256 }),
  ];
  const common = { trustDomain: TRUST_DOMAIN, now, random };
  const root = await issue(
    prepareRoot({ ...common, publicKey: rootKey.publicKey, commonName: 'bench-root.consul', lifetimeMs: 3_650 * DAY }),
    new LocalSigner(rootKey.privateKey),
  );
  const uri = formatSpiffeId({ kind: 'signing', trustDomain: TRUST_DOMAIN });
  const prepared = prepareIntermediate({
    ...common,
    request: parseCsr(createCsr({ keyPair: key, uri, ca: true })),
    issuer: root,
    commonName: 'bench-intermediate.consul',
    lifetimeMs: 365 * DAY,
  });
  return {
    certificate: await issue(prepared, new LocalSigner(rootKey.privateKey)),
    signer: new LocalSigner(key.privateKey),
  };
};

export const makeRequests = async (): Promise<readonly string[]> => {
  const requests: string[] = [];
  for (let count = 0; count < REQUESTS; count += 1) {
    const keyPair = await generateKeyPair({ type: 'ec', bits: 256 });
    const id = { namespace: 'default', datacenter: 'dc1', service: `service-${count}` } as const;
    requests.push(createCsr({ keyPair, uri: formatSpiffeId({ kind: 'service', trustDomain: TRUST_DOMAIN, ...id }) }));
  }
  return requests;
};

export const prepareSigning = async (): Promise<SigningBench> => {
  const random = new SystemRandom();
  const now = epochMs(Date.now());
  const issuer = await makeIntermediate(random, now);
  const requests = await makeRequests();
  let next = 0;
  const signOne = async (): Promise<string> => {
    const request = parseCsr(requests[next++ % REQUESTS]!);
    const prepared = prepareLeaf({ request, issuer: issuer.certificate, lifetimeMs: 3 * DAY, now, random });
    const leaf = await issue(prepared, issuer.signer);
    return leaf.pem + issuer.certificate.pem;
  };
  return {
    leavesPerCpuSecond: async (seconds) => {
      const startedAt = process.cpuUsage();
      let count = 0;
      for (;;) {
        for (let done = 0; done < BATCH; done += 1) await signOne();
        count += BATCH;
        const { user, system } = process.cpuUsage(startedAt);
        if (user + system >= seconds * 1e6) return (count * 1e6) / (user + system);
      }
    },
  };
};

/** Leaf signing against `openssl speed`, turn by turn. */
export const compareSigning = async (rounds: number, seconds: number): Promise<Comparison> => {
  const bench = await prepareSigning();
  await bench.leavesPerCpuSecond(seconds / 2); // warms the compiler; not counted
  return compare(
    rounds,
    () => bench.leavesPerCpuSecond(seconds),
    () => opensslSignAndVerify(seconds),
  );
};
