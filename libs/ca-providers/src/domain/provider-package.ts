import { createPublicKey } from 'node:crypto';
import type { RootProviderKind, RootRequest } from '@banyan/ca';
import { BanyanError, type ErrorCode, type Logger, type Random } from '@banyan/kernel';
import {
  CertificateSigner,
  issue,
  type KeySpec,
  parseKeySpec,
  type PreparedCertificate,
  prepareRoot,
} from '@banyan/pki';

/** A key wherever it lives: in an HSM, a key service, a file. */
export interface KeyHolder {
  /** SubjectPublicKeyInfo in PEM. */
  readonly publicKeyPem: string;
  /** SHA-256 with ECDSA (DER) or RSA PKCS #1 v1.5 over the bytes. */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/** What banyan hands to a provider's package, so that it needs to know nothing of X.509. */
export interface ProviderTools {
  /** Makes a root as it was asked for, signed by its own key; PEM. */
  certifyRoot(request: RootRequest, key: KeyHolder): Promise<string>;
  /** Signs a prepared intermediate or cross-signed certificate with the root's key; PEM. */
  certify(prepared: PreparedCertificate, rootKey: KeyHolder): Promise<string>;
  /** An error that banyan understands: `PROVIDER_UNREACHABLE`, `PROVIDER_REFUSED`, `CA_CONFIG_INVALID` … */
  error(code: ErrorCode, message: string): Error;
  readonly logger: Logger;
}

/** The default export of a provider's package. `name` of the kind is set by banyan. */
export type RootProviderFactory = (tools: ProviderTools) => Omit<RootProviderKind, 'name'>;

/** The tools, over a source of chance for serial numbers. */
export const providerTools = (random: Random, logger: Logger): ProviderTools => ({
  certifyRoot: async ({ trustDomain, commonName, lifetimeMs, now }, key) => {
    const publicKey = createPublicKey(key.publicKeyPem);
    const prepared = prepareRoot({ publicKey, trustDomain, commonName, lifetimeMs, now, random });
    return (await issue(prepared, new HeldKey(key))).pem;
  },
  certify: async (prepared, rootKey) => (await issue(prepared, new HeldKey(rootKey))).pem,
  error: (code, message) => new BanyanError(code, message),
  logger,
});

class HeldKey extends CertificateSigner {
  override readonly spec: KeySpec;

  constructor(private readonly key: KeyHolder) {
    super();
    this.spec = specOf(key.publicKeyPem);
  }

  override async sign(tbs: Uint8Array): Promise<Uint8Array> {
    return this.key.sign(tbs);
  }
}

const CURVE_BITS: Readonly<Record<string, number>> = { prime256v1: 256, secp384r1: 384, secp521r1: 521 };

/** Throws `KEY_UNSUPPORTED`, `KEY_TOO_WEAK`. */
const specOf = (publicKeyPem: string): KeySpec => {
  const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey(publicKeyPem);
  const bits = asymmetricKeyDetails?.modulusLength ?? CURVE_BITS[asymmetricKeyDetails?.namedCurve ?? ''] ?? 0;
  return parseKeySpec(asymmetricKeyType ?? '', bits);
};
