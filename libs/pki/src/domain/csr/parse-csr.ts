import { createHash, type KeyObject } from 'node:crypto';
import { BanyanError, isBanyanError } from '@banyan/kernel';
import { readCommonName } from '../certificate/distinguished-name.js';
import { type Extensions, NO_EXTENSIONS, readExtensions } from '../certificate/extensions.js';
import { DerReader } from '../der/der-reader.js';
import { OID } from '../der/oids.js';
import { contextTag, TAG } from '../der/tags.js';
import { colonHex } from '../hex.js';
import { importSpki } from '../keys/public-key.js';
import type { KeySpec } from '../keys/key-spec.js';
import { readAlgorithmOid, verifySignature } from '../keys/signature-algorithm.js';
import { decodeOnePem } from '../pem.js';

/** A request is about 400 bytes (EC) to 1.2 KiB (RSA 4096); checked before anything is parsed. */
const MAX_LENGTH = 64 * 1024;

/** Only {@link parseCsr} has it: a request that was not parsed and verified cannot be made elsewhere. */
const VERIFIED = Symbol('verified');

/** A certification request (PKCS #10, RFC 2986) whose own signature was verified. Its subject is not used. */
export class CertificateRequest {
  readonly keySpec: KeySpec;
  readonly publicKey: KeyObject;
  readonly #extensions: Extensions;

  constructor(
    proof: typeof VERIFIED,
    parts: {
      raw: Uint8Array;
      spki: Uint8Array;
      keySpec: KeySpec;
      publicKey: KeyObject;
      extensions: Extensions;
    },
  ) {
    if (proof !== VERIFIED) throw new BanyanError('INTERNAL', 'A certificate request is made by parseCsr only.');
    this.raw = parts.raw;
    this.spki = parts.spki;
    this.keySpec = parts.keySpec;
    this.publicKey = parts.publicKey;
    this.#extensions = parts.extensions;
  }

  /** The request's DER. */
  readonly raw: Uint8Array;
  /** The DER of the SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;

  /** SHA-256 of the SubjectPublicKeyInfo as colon lower hex: as certificates of the key name it. */
  get keyFingerprint(): string {
    return colonHex(createHash('sha256').update(this.spki).digest());
  }

  get uris(): readonly string[] {
    return this.#extensions.names.uris;
  }

  get dnsNames(): readonly string[] {
    return this.#extensions.names.dnsNames;
  }

  get ipAddresses(): readonly string[] {
    return this.#extensions.names.ipAddresses;
  }

  get emails(): readonly string[] {
    return this.#extensions.names.emails;
  }

  /** Whether basic constraints ask for a CA certificate. */
  get requestsCa(): boolean {
    return this.#extensions.isCa;
  }
}

interface Fields {
  readonly tbs: Uint8Array;
  readonly algorithmOid: string;
  readonly signature: Uint8Array;
  readonly spki: Uint8Array;
  readonly extensions: Extensions;
}

const invalid = (reason: string): never => {
  throw new BanyanError('DER_INVALID', `Not a certificate request: ${reason}.`);
};

/** RFC 2985 §5.4.2: the wanted extensions are one attribute with one value. Other attributes are stepped over. */
const readAttributes = (attributes: DerReader): Extensions => {
  let extensions: Extensions | undefined;
  while (!attributes.atEnd) {
    const attribute = attributes.enter(TAG.sequence);
    const oid = attribute.oid();
    const values = attribute.enter(TAG.set);
    attribute.finish();
    if (oid === OID.extensionRequest) {
      if (extensions !== undefined) return invalid('it asks for extensions twice');
      extensions = readExtensions(values);
    } else {
      while (!values.atEnd) values.skip();
    }
  }
  return extensions ?? NO_EXTENSIONS;
};

const readRequest = (der: Uint8Array): Fields => {
  const reader = new DerReader(der);
  const request = reader.enter(TAG.sequence);
  reader.finish();
  const tbs = request.element(TAG.sequence);
  const algorithmOid = readAlgorithmOid(request.enter(TAG.sequence));
  const signature = request.bitString();
  request.finish();

  const fields = new DerReader(tbs).enter(TAG.sequence);
  if (fields.smallInteger() !== 0) return invalid('its version is not 1');
  readCommonName(fields.element(TAG.sequence));
  const spki = fields.element(TAG.sequence);
  // RFC 2986 §4.1: the attributes are not optional, but some tools leave out an empty set.
  const attributes = fields.enterIf(contextTag(0, true));
  fields.finish();
  const extensions = attributes === undefined ? NO_EXTENSIONS : readAttributes(attributes);
  if (extensions.names.others > 0) {
    throw new BanyanError('CSR_SAN_INVALID', 'A certificate request holds names other than URI, DNS, IP and e-mail.');
  }
  return { tbs, algorithmOid, signature, spki, extensions };
};

const derOf = (input: string | Uint8Array): Uint8Array => {
  if (input.length > MAX_LENGTH) throw new BanyanError('INPUT_TOO_LARGE', 'A certificate request is over 64 KiB.');
  // Copied, so that nobody changes the bytes after they were verified.
  if (typeof input !== 'string') return new Uint8Array(input);
  return decodeOnePem(input, input.includes('BEGIN NEW ') ? 'NEW CERTIFICATE REQUEST' : 'CERTIFICATE REQUEST');
};

/**
 * Reads a certificate request, PEM or DER, of at most 64 KiB, and verifies its signature over the original bytes.
 * Throws `INPUT_TOO_LARGE`, `CSR_INVALID`, `CSR_SIGNATURE_INVALID`, `CSR_SAN_INVALID`, `KEY_TOO_WEAK`, `KEY_UNSUPPORTED`.
 */
export const parseCsr = (input: string | Uint8Array): CertificateRequest => {
  try {
    const raw = derOf(input);
    const { tbs, algorithmOid, signature, spki, extensions } = readRequest(raw);
    const { spec: keySpec, publicKey } = importSpki(spki);
    if (!verifySignature({ algorithmOid, bytes: tbs, signature, publicKey })) {
      throw new BanyanError('CSR_SIGNATURE_INVALID', 'A certificate request is not signed by the key it carries.');
    }
    return new CertificateRequest(VERIFIED, { raw, spki, keySpec, publicKey, extensions });
  } catch (cause) {
    if (!isBanyanError(cause, 'DER_INVALID', 'PEM_INVALID')) throw cause;
    throw new BanyanError('CSR_INVALID', `A certificate request cannot be parsed. ${cause.message}`, { cause });
  }
};
