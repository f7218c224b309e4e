import { type EpochMs, HOUR, type Random, SecretText, SystemClock, SystemRandom } from '@banyan/kernel';
import {
  type Certificate,
  createCsr,
  exportPrivateKeyPem,
  generateKeyPair,
  issue,
  type KeyPair,
  type KeySpec,
  LocalSigner,
  parseCsr,
  prepareCrossSigned,
  prepareIntermediate,
  prepareLeaf,
  prepareRoot,
} from '@banyan/pki';

const P256: KeySpec = { type: 'ec', bits: 256 };

/** A certificate with its intermediates, and the key to it. */
export interface TestLeaf {
  readonly certificatePem: string;
  readonly privateKeyPem: SecretText;
}

interface Parts {
  readonly trustDomain: string;
  readonly root: Certificate;
  readonly rootKey: KeyPair;
  readonly intermediate: Certificate;
  readonly intermediateKey: KeyPair;
}

/** A root and one intermediate below it, made with the real profiles; leaves are issued as a datacenter does. */
export class TestAuthority {
  static readonly #random: Random = new SystemRandom();

  private constructor(private readonly parts: Parts) {}

  /** `name` must differ between successive roots of one trust domain. */
  static async create(trustDomain: string, name: string): Promise<TestAuthority> {
    const random = TestAuthority.#random;
    const now = new SystemClock().now();
    const [rootKey, intermediateKey] = await Promise.all([generateKeyPair(P256), generateKeyPair(P256)]);
    const signer = new LocalSigner(rootKey.privateKey);
    const validity = { trustDomain, lifetimeMs: 24 * HOUR, now, random };
    const root = await issue(
      prepareRoot({ ...validity, publicKey: rootKey.publicKey, commonName: `${name}-root` }),
      signer,
    );
    const request = parseCsr(createCsr({ keyPair: intermediateKey, uri: `spiffe://${trustDomain}`, ca: true }));
    const prepared = prepareIntermediate({ ...validity, request, issuer: root, commonName: `${name}-intermediate` });
    return new TestAuthority({
      trustDomain,
      root,
      rootKey,
      intermediateKey,
      intermediate: await issue(prepared, signer),
    });
  }

  get root(): Certificate {
    return this.parts.root;
  }

  /** `next`'s root certified by this one. */
  crossSign(next: TestAuthority): Promise<Certificate> {
    const crossing = {
      subject: next.root,
      issuer: this.root,
      now: new SystemClock().now(),
      random: TestAuthority.#random,
    };
    return issue(prepareCrossSigned(crossing), new LocalSigner(this.parts.rootKey.privateKey));
  }

  /** The certificate that leaves are signed with. */
  get intermediate(): Certificate {
    return this.parts.intermediate;
  }

  /** The chain for a signing request: leaf, intermediate, then `extra`. */
  async sign(
    csrPem: string,
    options: { lifetimeMs?: number; extra?: readonly Certificate[]; now?: EpochMs } = {},
  ): Promise<string> {
    const { lifetimeMs = HOUR, extra = [], now = new SystemClock().now() } = options;
    const { intermediate, intermediateKey } = this.parts;
    const prepared = prepareLeaf({
      request: parseCsr(csrPem),
      issuer: intermediate,
      lifetimeMs,
      now,
      random: TestAuthority.#random,
    });
    const leaf = await issue(prepared, new LocalSigner(intermediateKey.privateKey));
    return [leaf, intermediate, ...extra].map((certificate) => certificate.pem).join('');
  }

  /** A leaf for any SPIFFE URI of the trust domain; `extra` follows the intermediate in the chain. */
  async leaf(uri: string, extra: readonly Certificate[] = []): Promise<TestLeaf> {
    const keyPair = await generateKeyPair(P256);
    return {
      certificatePem: await this.sign(createCsr({ keyPair, uri }), { extra }),
      privateKeyPem: new SecretText(exportPrivateKeyPem(keyPair.privateKey)),
    };
  }

  /** The answer of `GET /v1/connect/ca/roots` of servers that sign with this authority and still trust `older` ones. */
  rootsAnswer(older: readonly TestAuthority[] = [], tainted: readonly TestAuthority[] = []): string {
    const rows = [this, ...older].map(({ root, intermediate }, at) =>
      JSON.stringify({
        ...(tainted.some((each) => each.root.equals(root)) && { Tainted: true }),
        ID: root.fingerprintSha1,
        Name: root.commonName,
        SerialNumber: 'serial',
        SigningKeyID: intermediate.subjectKeyId,
        RootCert: root.pem,
        Active: at === 0,
      }).replace('"serial"', BigInt.asUintN(64, root.serialNumber).toString()),
    );
    return `{"ActiveRootID":"${this.root.fingerprintSha1}","TrustDomain":"${this.parts.trustDomain}","Roots":[${rows.join(',')}]}`;
  }

  /** The leaf of a service in the one namespace. */
  serviceLeaf(service: string, datacenter: string, extra: readonly Certificate[] = []): Promise<TestLeaf> {
    return this.leaf(`spiffe://${this.parts.trustDomain}/ns/default/dc/${datacenter}/svc/${service}`, extra);
  }
}
