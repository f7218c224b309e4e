import { bytesOfHex, oid, sequence, tlv } from '../der/der-writer.js';
import { OID } from '../der/oids.js';
import { contextTag, TAG } from '../der/tags.js';

/** `Extension ::= SEQUENCE { extnID, critical DEFAULT FALSE, extnValue OCTET STRING }` (RFC 5280 §4.1). */
const extension = (id: string, critical: boolean): ((value: Uint8Array) => Uint8Array) => {
  const head = critical ? [oid(id), bytesOfHex('0101ff')] : [oid(id)];
  return (value) => sequence(...head, tlv(TAG.octetString, value));
};

const usage = (bits: string): Uint8Array => extension(OID.keyUsage, true)(bytesOfHex(bits));

/** digitalSignature, keyEncipherment, dataEncipherment, keyAgreement; critical. */
export const LEAF_KEY_USAGE = usage('030203b8');
/** digitalSignature, keyCertSign, cRLSign; critical. */
export const CA_KEY_USAGE = usage('03020186');
/** clientAuth, serverAuth, in this order: every workload is both. */
export const LEAF_EXTENDED_KEY_USAGE = extension(
  OID.extendedKeyUsage,
  false,
)(sequence(oid(OID.clientAuth), oid(OID.serverAuth)));

/** Contents of BasicConstraints (RFC 5280 §4.2.1.9). */
export const NO_CA = bytesOfHex('3000');
export const CA_WITHOUT_LIMIT = bytesOfHex('30030101ff');
/** CA with a path length from 0 to 127. */
export const caWithPathLength = (length: number): Uint8Array =>
  sequence(bytesOfHex('0101ff'), tlv(TAG.integer, Uint8Array.of(length)));

export const basicConstraintsExtension = extension(OID.basicConstraints, true);
const subjectKeyId = extension(OID.subjectKeyId, false);
const authorityKeyId = extension(OID.authorityKeyId, false);
const names = extension(OID.subjectAltName, false);
const criticalNames = extension(OID.subjectAltName, true);

export const subjectKeyIdExtension = (keyId: Uint8Array): Uint8Array => subjectKeyId(tlv(TAG.octetString, keyId));

export const authorityKeyIdExtension = (keyId: Uint8Array): Uint8Array =>
  authorityKeyId(sequence(tlv(contextTag(0), keyId)));

/** SubjectAltName; critical where the subject is empty (RFC 5280 §4.2.1.6). */
export const namesExtension = (alternativeNames: Uint8Array, critical: boolean): Uint8Array =>
  (critical ? criticalNames : names)(alternativeNames);
