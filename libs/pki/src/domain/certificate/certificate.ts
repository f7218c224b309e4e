import { createHash, type KeyObject } from 'node:crypto';
import { BanyanError, type EpochMs, isBanyanError } from '@banyan/kernel';
import { colonHex } from '../hex.js';
import type { KeySpec } from '../keys/key-spec.js';
import { importSpki, specOfSpki } from '../keys/public-key.js';
import { signatureAlgorithmName, verifySignature } from '../keys/signature-algorithm.js';
import { decodeOnePem, decodePem, encodePem } from '../pem.js';
import type { KeyUsage } from './extensions.js';
import { type CertificateFields, readCertificate } from './read-certificate.js';

/** The longest certificate that is read. An RSA 4096 certificate with 256 names stays below. */
const MAX_DER_LENGTH = 64 * 1024;
const MAX_PEM_LENGTH = 128 * 1024;
const MAX_BUNDLE_LENGTH = 1024 * 1024;
const MAX_BUNDLE_CERTIFICATES = 64;

const NO_USAGE: ReadonlySet<never> = new Set();

/**
 * An X.509 certificate, read strictly and never changed. What is not always needed (key, PEM, fingerprints) is made
 * when first asked for. Reading it says nothing about trust: that is `verifyChain`.
 */
export class Certificate {
  readonly #fields: CertificateFields;
  #pem: string | undefined;
  #publicKey: KeyObject | undefined;
  #keySpec: KeySpec | undefined;
  #selfSigned: boolean | undefined;
  #keyFingerprint: string | undefined;

  private constructor(
    /** The certificate's bytes, exactly as they were signed. */
    readonly der: Uint8Array,
  ) {
    this.#fields = readCertificate(der);
  }

  /**
   * Reads a certificate of at most 64 KiB. The bytes are copied.
   * Throws `CERTIFICATE_INVALID`, `INPUT_TOO_LARGE`.
   */
  static fromDer(der: Uint8Array): Certificate {
    if (der.length > MAX_DER_LENGTH) throw new BanyanError('INPUT_TOO_LARGE', 'A certificate is over 64 KiB.');
    try {
      return new Certificate(new Uint8Array(der));
    } catch (cause) {
      if (!isBanyanError(cause, 'DER_INVALID')) throw cause;
      throw new BanyanError('CERTIFICATE_INVALID', 'A certificate cannot be parsed.', { cause });
    }
  }

  /** Reads exactly one `CERTIFICATE` block. Throws `PEM_INVALID`, `CERTIFICATE_INVALID`, `INPUT_TOO_LARGE`. */
  static fromPem(pem: string): Certificate {
    if (pem.length > MAX_PEM_LENGTH) throw new BanyanError('INPUT_TOO_LARGE', 'A certificate is over 128 KiB of PEM.');
    return Certificate.fromDer(decodeOnePem(pem, 'CERTIFICATE'));
  }

  /** PEM with a trailing line end. */
  get pem(): string {
    this.#pem ??= encodePem('CERTIFICATE', this.der);
    return this.#pem;
  }

  get serialNumber(): bigint {
    return BigInt(`0x${Buffer.from(this.#fields.serial).toString('hex')}`);
  }

  /** The serial number as `ab:cd:…`, without a leading zero byte. */
  get serialHex(): string {
    const { serial } = this.#fields;
    return colonHex(serial.length > 1 && serial[0] === 0 ? serial.subarray(1) : serial);
  }

  get notBefore(): EpochMs {
    return this.#fields.notBefore;
  }

  /** The last second at which the certificate is valid. */
  get notAfter(): EpochMs {
    return this.#fields.notAfter;
  }

  /** The DER of the SubjectPublicKeyInfo. */
  get spki(): Uint8Array {
    return this.#fields.spki;
  }

  /** Throws `KEY_UNSUPPORTED`, `KEY_TOO_WEAK`: a weak key is found here, not when the certificate is read. */
  get publicKey(): KeyObject {
    this.#publicKey ??= importSpki(this.spki).publicKey;
    return this.#publicKey;
  }

  /** Throws `KEY_UNSUPPORTED`, `KEY_TOO_WEAK`. */
  get keySpec(): KeySpec {
    this.#keySpec ??= specOfSpki(this.spki);
    return this.#keySpec;
  }

  /** The raw Name; names are compared byte for byte. */
  get subjectDer(): Uint8Array {
    return this.#fields.subjectDer;
  }

  get issuerDer(): Uint8Array {
    return this.#fields.issuerDer;
  }

  get commonName(): string | undefined {
    return this.#fields.commonName;
  }

  /** Colon hex. */
  get subjectKeyId(): string | undefined {
    const { subjectKeyId } = this.#fields.extensions;
    return subjectKeyId === undefined ? undefined : colonHex(subjectKeyId);
  }

  /** The bytes of {@link subjectKeyId}, as they go into what this certificate issues. */
  get subjectKeyIdBytes(): Uint8Array | undefined {
    return this.#fields.extensions.subjectKeyId;
  }

  /** Colon hex. */
  get authorityKeyId(): string | undefined {
    const { authorityKeyId } = this.#fields.extensions;
    return authorityKeyId === undefined ? undefined : colonHex(authorityKeyId);
  }

  get isCa(): boolean {
    return this.#fields.extensions.isCa;
  }

  /** How many CAs may follow below this one; undefined is any number. */
  get pathLength(): number | undefined {
    return this.#fields.extensions.pathLength;
  }

  get uris(): readonly string[] {
    return this.#fields.extensions.names.uris;
  }

  get dnsNames(): readonly string[] {
    return this.#fields.extensions.names.dnsNames;
  }

  get ipAddresses(): readonly string[] {
    return this.#fields.extensions.names.ipAddresses;
  }

  /** Whether relying parties must read the SubjectAltName: so where the subject is empty (RFC 5280 §4.2.1.6). */
  get namesCritical(): boolean {
    return this.#fields.extensions.namesCritical;
  }

  /** Empty if the extension is absent. */
  get keyUsage(): ReadonlySet<KeyUsage> {
    return this.#fields.extensions.keyUsage ?? NO_USAGE;
  }

  /** `clientAuth`, `serverAuth` or dotted identifiers, in order; empty if the extension is absent. */
  get extendedKeyUsage(): ReadonlySet<string> {
    return this.#fields.extensions.extendedKeyUsage ?? NO_USAGE;
  }

  /** Dotted identifiers of critical extensions banyan does not know; a chain with one is refused. */
  get unknownCriticalExtensions(): readonly string[] {
    return this.#fields.extensions.unknownCritical;
  }

  /** SHA-1 of the DER as colon lower hex: the ID that clients know a root by, not a security measure. */
  get fingerprintSha1(): string {
    return colonHex(createHash('sha1').update(this.der).digest());
  }

  /** SHA-256 of the DER as colon lower hex. */
  get fingerprintSha256(): string {
    return colonHex(createHash('sha256').update(this.der).digest());
  }

  /** SHA-256 of the SubjectPublicKeyInfo as colon lower hex: the name of the key, whoever certified it. */
  get keyFingerprint(): string {
    this.#keyFingerprint ??= colonHex(createHash('sha256').update(this.spki).digest());
    return this.#keyFingerprint;
  }

  /** Whether the certificate names itself as issuer and its own key proves it. */
  get selfSigned(): boolean {
    this.#selfSigned ??= this.isNamedIssuerOf(this) && this.hasSignatureBy(this);
    return this.#selfSigned;
  }

  /**
   * Whether names and key identifiers allow that this certificate issued `other`; cheap, and proof of nothing.
   * Tells apart two CAs of one name.
   */
  isNamedIssuerOf(other: Certificate): boolean {
    const { subjectKeyId } = this.#fields.extensions;
    const { authorityKeyId } = other.#fields.extensions;
    return (
      Buffer.compare(this.subjectDer, other.issuerDer) === 0 &&
      (subjectKeyId === undefined || authorityKeyId === undefined || Buffer.compare(subjectKeyId, authorityKeyId) === 0)
    );
  }

  /** What it is signed with: `ecdsa-sha256`, `rsa-sha256`, or a dotted identifier. */
  get signatureAlgorithm(): string {
    return signatureAlgorithmName(this.#fields.algorithmOid);
  }

  /** Whether this certificate's signature is by this key. */
  hasSignatureOf(publicKey: KeyObject): boolean {
    const { algorithmOid, signature, tbs: bytes } = this.#fields;
    return verifySignature({ algorithmOid, bytes, signature, publicKey });
  }

  /** Whether this certificate's signature is by the key in `issuer`. False for a key that is weak or unsupported. */
  hasSignatureBy(issuer: Certificate): boolean {
    try {
      return this.hasSignatureOf(issuer.publicKey);
    } catch (error) {
      if (isBanyanError(error, 'KEY_TOO_WEAK', 'KEY_UNSUPPORTED', 'DER_INVALID')) return false;
      throw error;
    }
  }

  equals(other: Certificate): boolean {
    return Buffer.compare(this.der, other.der) === 0;
  }
}

/**
 * Every certificate of a bundle, in order: at most 1 MiB and 64 certificates, and no other blocks.
 * Throws `PEM_INVALID` (also for none), `CERTIFICATE_INVALID`, `INPUT_TOO_LARGE`.
 */
export const parseCertificates = (pemBundle: string): Certificate[] => {
  if (pemBundle.length > MAX_BUNDLE_LENGTH) throw new BanyanError('INPUT_TOO_LARGE', 'A bundle is over 1 MiB.');
  const blocks = decodePem(pemBundle);
  if (blocks.length > MAX_BUNDLE_CERTIFICATES) {
    throw new BanyanError('INPUT_TOO_LARGE', 'A bundle holds more than 64 certificates.');
  }
  if (blocks.length === 0 || blocks.some(({ label }) => label !== 'CERTIFICATE')) {
    throw new BanyanError('PEM_INVALID', 'A bundle must hold certificates, and nothing else.');
  }
  return blocks.map(({ der }) => Certificate.fromDer(der));
};
