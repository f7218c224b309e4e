import type { KeyObject } from 'node:crypto';
import { BanyanError, type EpochMs } from '@banyan/kernel';
import type { KeyUsage } from '../certificate/extensions.js';
import type { KeySpec } from '../keys/key-spec.js';

export type CertificateKind = 'root' | 'intermediate' | 'cross-signed' | 'leaf';

/** What the finished certificate must say; compared with the product after it is parsed again. */
export interface Profile {
  readonly kind: CertificateKind;
  readonly serialHex: string;
  readonly issuerDer: Uint8Array;
  readonly subjectDer: Uint8Array;
  readonly notBefore: EpochMs;
  readonly notAfter: EpochMs;
  readonly spki: Uint8Array;
  readonly keyUsage: readonly KeyUsage[];
  readonly extendedKeyUsage: readonly string[];
  readonly isCa: boolean;
  readonly pathLength: number | undefined;
  readonly subjectKeyId: Uint8Array;
  readonly authorityKeyId: Uint8Array | undefined;
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}

/** The key that has to sign, as the issuing certificate shows it. */
export interface IssuerKey {
  readonly spec: KeySpec;
  readonly publicKey: KeyObject;
}

interface PreparedParts {
  readonly tbs: Uint8Array;
  readonly profile: Profile;
  readonly issuerKey: IssuerKey;
}

/** The parts of prepared certificates that were not issued yet: only this file can reach them, and only once. */
const waiting = new WeakMap<PreparedCertificate, PreparedParts>();

/**
 * A certificate that is complete but for its signature, made by one of the `prepare…` functions from checked parts,
 * and good for one `issue`. What it shows may be recorded before anything is signed.
 */
export class PreparedCertificate {
  readonly kind: CertificateKind;
  /** `ab:cd:…` */
  readonly serialHex: string;
  readonly notBefore: EpochMs;
  readonly notAfter: EpochMs;
  readonly uris: readonly string[];

  constructor(parts: PreparedParts) {
    const { profile } = parts;
    this.kind = profile.kind;
    this.serialHex = profile.serialHex;
    this.notBefore = profile.notBefore;
    this.notAfter = profile.notAfter;
    this.uris = profile.uris;
    waiting.set(this, parts);
  }
}

/** Takes the parts out. Throws `PREPARED_ALREADY_USED` the second time. */
export const consume = (prepared: PreparedCertificate): PreparedParts => {
  const parts = waiting.get(prepared);
  if (parts === undefined) {
    throw new BanyanError('PREPARED_ALREADY_USED', 'A prepared certificate is issued once; prepare another.');
  }
  waiting.delete(prepared);
  return parts;
};
