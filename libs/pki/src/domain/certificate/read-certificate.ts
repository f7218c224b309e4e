import { BanyanError, type EpochMs } from '@banyan/kernel';
import { DerReader } from '../der/der-reader.js';
import { contextTag, TAG } from '../der/tags.js';
import { readTime } from '../der/time.js';
import { readAlgorithmOid } from '../keys/signature-algorithm.js';
import { readCommonName } from './distinguished-name.js';
import { type Extensions, NO_EXTENSIONS, readExtensions } from './extensions.js';

/** The parts of a certificate (RFC 5280 §4.1), as views of its bytes. */
export interface CertificateFields {
  readonly tbs: Uint8Array;
  readonly algorithmOid: string;
  readonly signature: Uint8Array;
  readonly serial: Uint8Array;
  readonly issuerDer: Uint8Array;
  readonly notBefore: EpochMs;
  readonly notAfter: EpochMs;
  readonly subjectDer: Uint8Array;
  readonly commonName: string | undefined;
  readonly spki: Uint8Array;
  readonly extensions: Extensions;
}

const invalid = (reason: string): never => {
  throw new BanyanError('CERTIFICATE_INVALID', `A certificate cannot be parsed: ${reason}.`);
};

const readSerial = (tbs: DerReader): Uint8Array => {
  const serial = tbs.integer();
  if (serial[0]! >= 0x80 || serial.length > 21) return invalid('its serial number is negative or too long');
  return serial;
};

const readTbs = (
  bytes: Uint8Array,
  outerAlgorithm: Uint8Array,
): Omit<CertificateFields, 'tbs' | 'algorithmOid' | 'signature'> => {
  const tbs = new DerReader(bytes).enter(TAG.sequence);
  const version = tbs.enter(contextTag(0, true));
  if (version.smallInteger() !== 2) return invalid('its version is not 3');
  version.finish();
  const serial = readSerial(tbs);
  // RFC 5280 §4.1.1.2: the signed copy must be the same, or the algorithm could be exchanged.
  if (Buffer.compare(tbs.element(TAG.sequence), outerAlgorithm) !== 0) {
    return invalid('its two signature algorithms differ');
  }
  const issuerDer = tbs.element(TAG.sequence);
  readCommonName(issuerDer);
  const validity = tbs.enter(TAG.sequence);
  const notBefore = readTime(validity);
  const notAfter = readTime(validity);
  validity.finish();
  const subjectDer = tbs.element(TAG.sequence);
  const commonName = readCommonName(subjectDer);
  const spki = tbs.element(TAG.sequence);
  // Unique identifiers ([1], [2]) must not be used (RFC 5280 §4.1.2.8).
  const extensionsField = tbs.enterIf(contextTag(3, true));
  const extensions = extensionsField === undefined ? NO_EXTENSIONS : readExtensions(extensionsField);
  tbs.finish();
  return { serial, issuerDer, notBefore, notAfter, subjectDer, commonName, spki, extensions };
};

/** Reads a version 3 certificate as strict DER. Throws `DER_INVALID`, `CERTIFICATE_INVALID`. */
export const readCertificate = (der: Uint8Array): CertificateFields => {
  const reader = new DerReader(der);
  const certificate = reader.enter(TAG.sequence);
  reader.finish();
  const tbs = certificate.element(TAG.sequence);
  const algorithm = certificate.element(TAG.sequence);
  const algorithmOid = readAlgorithmOid(new DerReader(algorithm).enter(TAG.sequence));
  const signature = certificate.bitString();
  certificate.finish();
  return { tbs, algorithmOid, signature, ...readTbs(tbs, algorithm) };
};
