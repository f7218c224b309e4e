import { sign } from 'node:crypto';
import { BanyanError } from '@banyan/kernel';
import { encodeAlternativeNames } from '../certificate/alternative-names.js';
import { EMPTY_NAME } from '../certificate/distinguished-name.js';
import { bitString, bytesOfHex, oid, sequence, tlv } from '../der/der-writer.js';
import { OID } from '../der/oids.js';
import { contextTag, TAG } from '../der/tags.js';
import { basicConstraintsExtension, CA_WITHOUT_LIMIT, namesExtension } from '../issue/extension-templates.js';
import type { KeyPair } from '../keys/key-pair.js';
import { exportSpki } from '../keys/public-key.js';
import { SIGNATURE_ALGORITHM } from '../keys/signature-algorithm.js';
import { encodePem } from '../pem.js';

const VERSION_1 = bytesOfHex('020100');

/** What may stand in a name of a certificate. Throws `CSR_SAN_INVALID`. */
export const checkedName = (name: string): string => {
  if (!/^[\x21-\x7e]{1,2048}$/.test(name)) {
    throw new BanyanError('CSR_SAN_INVALID', 'A name must be 1 to 2048 printable ASCII characters.');
  }
  return name;
};

/**
 * A certificate request (PKCS #10) in PEM: empty subject, one URI, and DNS names and IP addresses where given; with
 * `ca`, a basic constraint that asks for a CA certificate. Throws `CSR_SAN_INVALID`.
 */
export const createCsr = (request: {
  keyPair: KeyPair;
  uri: string;
  ca?: boolean;
  dnsNames?: readonly string[];
  ipAddresses?: readonly string[];
}): string => {
  const { keyPair, uri, ca = false, dnsNames = [], ipAddresses = [] } = request;
  const names = { uris: [checkedName(uri)], dnsNames: dnsNames.map(checkedName), ipAddresses };
  // RFC 5280 §4.2.1.6: with an empty subject the names are critical.
  const wanted = [
    namesExtension(encodeAlternativeNames(names), true),
    ...(ca ? [basicConstraintsExtension(CA_WITHOUT_LIMIT)] : []),
  ];
  const attribute = sequence(oid(OID.extensionRequest), tlv(TAG.set, sequence(...wanted)));
  const tbs = sequence(VERSION_1, EMPTY_NAME, exportSpki(keyPair.publicKey), tlv(contextTag(0, true), attribute));
  const signature = sign('sha256', tbs, keyPair.privateKey);
  const der = sequence(tbs, SIGNATURE_ALGORITHM[keyPair.spec.type], bitString(signature));
  return encodePem('CERTIFICATE REQUEST', der);
};
