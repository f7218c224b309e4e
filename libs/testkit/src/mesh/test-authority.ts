import { epochMs, HOUR, type Random, SecretText, SystemClock, SystemRandom } from '@banyan/kernel';
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

  /** A leaf for any SPIFFE URI of the trust domain; `extra` follows the intermediate in the chain. */
  async leaf(uri: string, extra: readonly Certificate[] = []): Promise<TestLeaf> {
    const keyPair = await generateKeyPair(P256);
    const { intermediate, intermediateKey } = this.parts;
    const prepared = prepareLeaf({
      request: parseCsr(createCsr({ keyPair, uri })),
      issuer: intermediate,
      lifetimeMs: HOUR,
      now: epochMs(new SystemClock().now()),
      random: TestAuthority.#random,
    });
    const leaf = await issue(prepared, new LocalSigner(intermediateKey.privateKey));
    return {
      certificatePem: [leaf, intermediate, ...extra].map((certificate) => certificate.pem).join(''),
      privateKeyPem: new SecretText(exportPrivateKeyPem(keyPair.privateKey)),
    };
  }

  /** The leaf of a service in the one namespace. */
  serviceLeaf(service: string, datacenter: string, extra: readonly Certificate[] = []): Promise<TestLeaf> {
    return this.leaf(`spiffe://${this.parts.trustDomain}/ns/default/dc/${datacenter}/svc/${service}`, extra);
  }
}
