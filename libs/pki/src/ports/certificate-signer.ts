import type { KeySpec } from '../domain/keys/key-spec.js';

/** The key operation of a CA, wherever its key lives: in this process, in Vault, in an HSM. */
export abstract class CertificateSigner {
  /** The signing key's spec; the signature algorithm follows its type. */
  abstract readonly spec: KeySpec;

  /**
   * Signs the bytes with SHA-256: a DER ECDSA-Sig-Value for an EC key, PKCS #1 v1.5 for RSA.
   * The result is verified by `issue`, so an implementation need not.
   */
  abstract sign(tbs: Uint8Array): Promise<Uint8Array>;
}
