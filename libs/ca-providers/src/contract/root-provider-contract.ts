import type { ProvidedRoot, RootProvider, RootProviderKind, RootRequest } from '@banyan/ca';
import { after, type EpochMs, HOUR, isBanyanError, MINUTE, type Random, SECOND } from '@banyan/kernel';
import { Certificate, type KeySpec } from '@banyan/pki';
import { trialCrossing, trialIntermediate, trialRoot } from '../domain/throwaway.js';
import { fail, holds, issueWith, refusedWith, requireEnd, requireLeafPath } from './contract-checks.js';

/** A provider under examination. One subject serves all checks; each makes roots of its own. */
export interface ProviderSubject {
  readonly kind: RootProviderKind;
  /** As an operator would write them, secrets in clear. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly now: () => EpochMs;
  readonly random: Random;
  /** What a provider of this kind is able to do; a check of what it cannot is made the other way round. */
  readonly abilities: ProviderAbilities;
  /** Releases what `open` made for the subject. */
  close?(): Promise<void>;
}

/** What providers differ in; everything else is asked of all. */
export interface ProviderAbilities {
  /** Makes a root per rotation; else it always finds the one that is configured. */
  readonly makesRoots: boolean;
  /** Vouches for another root's key. */
  readonly crossSigns: boolean;
  /** Asked twice for one rotation, finds what it made. */
  readonly finds: boolean;
  /** Destroys keys at the provider; else the key is in the key reference, which the caller deletes. */
  readonly destroys: boolean;
  /** Key kinds it makes roots with. */
  readonly keySpecs: readonly KeySpec[];
}

/** One check: resolves when it holds, rejects with what does not. */
export interface ContractCheck {
  readonly name: string;
  readonly run: () => Promise<void>;
}

const TRUST_DOMAIN = '6f1d0c52-9a3b-4e07-8d15-2b7c9e40aa61.consul';
const LIFE_MS = 48 * HOUR;
const P256: KeySpec = { type: 'ec', bits: 256 };
const RSA: KeySpec = { type: 'rsa', bits: 2048 };
const CHECK_LIMIT_MS = 60_000;

/** What every check has at hand. */
class Bench {
  readonly provider: RootProvider;
  readonly signal = AbortSignal.timeout(CHECK_LIMIT_MS);
  readonly #made: ProvidedRoot[] = [];

  constructor(readonly subject: ProviderSubject) {
    this.provider = subject.kind.open(subject.options);
  }

  get setting() {
    return { trustDomain: TRUST_DOMAIN, now: this.subject.now(), random: this.subject.random };
  }

  request(over: Partial<RootRequest> = {}): RootRequest {
    const { random, abilities } = this.subject;
    const name = Buffer.from(random.bytes(4)).toString('hex');
    const keySpec = abilities.keySpecs[0] ?? P256;
    const fixed = { trustDomain: TRUST_DOMAIN, keySpec, lifetimeMs: LIFE_MS, now: this.subject.now() };
    return { rotationId: random.uuid(), commonName: `contract-${name}.banyan`, ...fixed, ...over };
  }

  async root(over: Partial<RootRequest> = {}): Promise<ProvidedRoot & { readonly certificate: Certificate }> {
    const root = await this.provider.provide(this.request(over), this.signal);
    this.#made.push(root);
    return { ...root, certificate: Certificate.fromPem(root.certificatePem) };
  }

  async clear(): Promise<void> {
    for (const { keyReference } of this.#made) await this.provider.destroy(keyReference, this.signal);
  }
}

type Check = (bench: Bench) => Promise<void>;

const declarations: Check = async ({ subject: { kind } }) => {
  const folded = kind.optionNames.map((name) => name.toLowerCase().replaceAll('_', ''));
  holds(new Set(folded).size === folded.length, 'optionNames name one option twice');
  const known = new Set<string>(kind.optionNames);
  for (const name of kind.secretNames) {
    holds(known.has(name.split('.')[0] ?? ''), `the secret ${name} is not in optionNames`);
  }
  for (const name of kind.identityNames) {
    holds(known.has(name), `the identity ${name} is not in optionNames`);
    holds(!kind.secretNames.includes(name), `${name} is a secret, which cannot identify a root`);
  }
  return Promise.resolve();
};

const rootProfile: Check = async (bench) => {
  const request = bench.request();
  const root = await bench.provider.provide(request, bench.signal);
  const certificate = Certificate.fromPem(root.certificatePem);
  await bench.provider.destroy(root.keyReference, bench.signal);
  holds(certificate.selfSigned, 'the root is not self-signed');
  holds(certificate.isCa && certificate.keyUsage.has('keyCertSign'), 'the root is not a CA that may sign certificates');
  holds(certificate.pathLength !== 0, 'the root has path length 0: no intermediate fits below it');
  holds(root.keyReference !== '', 'the key reference is empty');
  const allowed = certificate.uris.every((uri) => uri === `spiffe://${TRUST_DOMAIN}`);
  holds(allowed && certificate.uris.length <= 1, 'the root carries other URIs than that of the trust domain');
  if (!bench.subject.abilities.makesRoots) return;
  holds(certificate.commonName === request.commonName, `the root is named ${certificate.commonName}`);
  // A life may be counted from the begin, which is backdated, or from now.
  const late = after(request.now, request.lifetimeMs) - certificate.notAfter;
  holds(late + SECOND >= 0 && late <= MINUTE + SECOND, `the root ends ${late / SECOND} s before its life is over`);
  holds(certificate.notBefore <= request.now, 'the root is not valid yet: backdate it by a minute');
};

const keyKinds: Check = async (bench) => {
  for (const keySpec of bench.subject.abilities.keySpecs) {
    const { certificate } = await bench.root({ keySpec });
    const { type, bits } = certificate.keySpec;
    holds(
      type === keySpec.type && bits === keySpec.bits,
      `asked for ${keySpec.type} ${keySpec.bits}, got ${type} ${bits}`,
    );
  }
};

const repetition: Check = async (bench) => {
  const rotationId = bench.subject.random.uuid();
  const [first, second] = [await bench.root({ rotationId }), await bench.root({ rotationId })];
  if (!bench.subject.abilities.finds) return;
  holds(first.certificate.equals(second.certificate), 'a second call with one rotationId made another root');
};

const separation: Check = async (bench) => {
  const [first, second] = [await bench.root(), await bench.root()];
  const sameKey = Buffer.compare(first.certificate.spki, second.certificate.spki) === 0;
  if (!bench.subject.abilities.makesRoots) return holds(sameKey, 'the configured root changes from call to call');
  holds(!sameKey, 'two rotations got one key');
  const sameName = Buffer.compare(first.certificate.subjectDer, second.certificate.subjectDer) === 0;
  holds(!sameName, 'two roots have one subject name, which OpenSSL cannot tell apart');
};

const intermediates: Check = async (bench) => {
  const root = await bench.root();
  for (const keySpec of [P256, RSA]) {
    const { order, keyPair } = await trialIntermediate(root.certificate, keySpec, bench.setting);
    const pem = await bench.provider.signIntermediate(root.keyReference, order, bench.signal);
    const certificate = Certificate.fromPem(pem);
    const what = `the ${keySpec.type} intermediate`;
    holds(certificate.commonName === order.commonName, `${what} is named ${certificate.commonName}`);
    holds(certificate.uris.join() === order.uri, `${what} carries the URIs ${certificate.uris.join()}`);
    holds(certificate.dnsNames.length + certificate.ipAddresses.length === 0, `${what} carries names beside the URI`);
    holds(certificate.pathLength === 0, `${what} has path length ${certificate.pathLength}, not 0`);
    requireEnd(certificate, order.notAfter, what);
    const signer = { certificate, privateKey: keyPair.privateKey };
    await requireLeafPath({ signer, between: [], anchor: root.certificate }, bench.setting);
  }
};

const crossSigning: Check = async (bench) => {
  const root = await bench.root();
  for (const keySpec of [P256, RSA]) {
    const { order, next } = await trialCrossing(root.certificate, keySpec, bench.setting);
    const work = bench.provider.crossSign(root.keyReference, order, bench.signal);
    if (!bench.subject.abilities.crossSigns) {
      await refusedWith(work, ['PROVIDER_CANNOT_CROSS_SIGN'], 'a provider that cannot cross-sign');
      continue;
    }
    const crossed = Certificate.fromPem(await work);
    const { order: below, keyPair } = await trialIntermediate(next.certificate, P256, bench.setting);
    const made = await issueWith(below.prepared, next.keyPair.privateKey);
    const signer = { certificate: made, privateKey: keyPair.privateKey };
    await requireLeafPath({ signer, between: [crossed], anchor: root.certificate }, bench.setting);
    await requireLeafPath({ signer, between: [], anchor: next.certificate }, bench.setting);
  }
};

const inspection: Check = async (bench) => {
  const root = await bench.root();
  const own = await bench.provider.inspect(root.keyReference, root.certificatePem, bench.signal);
  holds(own.kind === 'ready', `the root that was just made is ${own.kind}`);
  if (!bench.subject.abilities.destroys) return;
  const other = await trialRoot(P256, bench.setting);
  const foreign = await bench.provider.inspect(root.keyReference, other.certificate.pem, bench.signal);
  holds(foreign.kind === 'drift', `another certificate than the root's is ${foreign.kind}, not drift`);
};

const cancellation: Check = async (bench) => {
  const stopped = AbortSignal.abort(new Error('the caller went away'));
  const root = await bench.root();
  if (!bench.subject.abilities.destroys) return;
  const { order } = await trialIntermediate(root.certificate, P256, bench.setting);
  const work = bench.provider.signIntermediate(root.keyReference, order, stopped);
  await refusedWith(work, ['ABORTED'], 'a call that was given up before it began');
};

const strangeReference: Check = async (bench) => {
  const root = await bench.root();
  const { order } = await trialIntermediate(root.certificate, P256, bench.setting);
  const work = bench.provider.signIntermediate('{"kind":"nobody"}', order, bench.signal);
  const error = await refusedWith(work, undefined, 'a key reference that this provider did not write');
  const { options, kind } = bench.subject;
  for (const name of kind.secretNames) {
    const secret = options[name];
    if (typeof secret !== 'string') continue;
    holds(!`${error.message}${JSON.stringify(error.fields)}`.includes(secret), `an error shows ${name}`);
  }
};

const destruction: Check = async (bench) => {
  const root = await bench.root();
  await bench.provider.destroy(root.keyReference, bench.signal);
  await bench.provider.destroy(root.keyReference, bench.signal);
  const { makesRoots, destroys } = bench.subject.abilities;
  const { order } = await trialIntermediate(root.certificate, P256, bench.setting);
  const work = bench.provider.signIntermediate(root.keyReference, order, bench.signal);
  if (makesRoots && destroys) await refusedWith(work, ['PROVIDER_REFUSED'], 'a key that was destroyed');
  else await work;
};

const CHECKS: readonly (readonly [string, Check])[] = [
  ['declares its options consistently', declarations],
  ['provides a root that intermediates fit below', rootProfile],
  ['makes roots with the key that was asked for', keyKinds],
  ['finds the root of a rotation when it is asked again', repetition],
  ['keeps the roots of different rotations apart', separation],
  ['signs intermediates exactly as ordered, for EC and RSA keys', intermediates],
  ['vouches for the next root, or says that it cannot', crossSigning],
  ['says ready for its root and drift for another', inspection],
  ['gives up when its caller does', cancellation],
  ['refuses a foreign key reference with a code, and shows no secret', strangeReference],
  ['destroys what it made, once and again, and nothing else', destruction],
];

/**
 * What banyan relies on of every provider of roots, as named checks for any test runner. `open` gives a fresh subject for
 * each; roots that a check made are destroyed after it. Where a subject is expensive, run the checks one after another.
 */
export const rootProviderContract = (
  open: () => Promise<ProviderSubject> | ProviderSubject,
): readonly ContractCheck[] =>
  CHECKS.map(([name, check]) => ({
    name,
    run: async () => {
      const subject = await open();
      try {
        await examine(check, subject);
      } catch (error) {
        throw isBanyanError(error) ? fail(`${error.code}: ${error.message}`, error) : error;
      } finally {
        await subject.close?.();
      }
    },
  }));

/** What a check made is destroyed whether it holds or not; a check that failed is what is told. */
const examine = async (check: Check, subject: ProviderSubject): Promise<void> => {
  const bench = new Bench(subject);
  try {
    await check(bench);
  } catch (error) {
    await bench.clear().catch(() => {});
    throw error;
  }
  await bench.clear();
};
