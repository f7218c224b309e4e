import { verify, type KeyObject } from 'node:crypto';
import { bytesOfHex, oid, sequence } from '../der/der-writer.js';
import type { DerReader } from '../der/der-reader.js';
import { dottedOid, OID } from '../der/oids.js';
import { TAG } from '../der/tags.js';
import { BanyanError } from '@banyan/kernel';

interface SignatureAlgorithm {
  readonly keyType: 'ec' | 'rsa';
  readonly hash: 'sha256' | 'sha384' | 'sha512';
}

/** What is accepted on certificates and requests of others. SHA-1, MD5, DSA and PSS are not here, so are refused. */
const ALGORITHMS: ReadonlyMap<string, SignatureAlgorithm> = new Map([
  [OID.ecdsaSha256, { keyType: 'ec', hash: 'sha256' }],
  [OID.ecdsaSha384, { keyType: 'ec', hash: 'sha384' }],
  [OID.ecdsaSha512, { keyType: 'ec', hash: 'sha512' }],
  [OID.rsaSha256, { keyType: 'rsa', hash: 'sha256' }],
  [OID.rsaSha384, { keyType: 'rsa', hash: 'sha384' }],
  [OID.rsaSha512, { keyType: 'rsa', hash: 'sha512' }],
]);

const NULL = bytesOfHex('0500');

/** The AlgorithmIdentifier that banyan signs with: SHA-256, whatever the key's size, as existing clients expect. */
export const SIGNATURE_ALGORITHM: Readonly<Record<'ec' | 'rsa', Uint8Array>> = {
  ec: sequence(oid(OID.ecdsaSha256)), // RFC 5758 §3.2: no parameters
  rsa: sequence(oid(OID.rsaSha256), NULL), // RFC 4055 §5: NULL
};

/** Reads the OID of an AlgorithmIdentifier and checks the parameters where the algorithm is known. */
export const readAlgorithmOid = (algorithm: DerReader): string => {
  const found = algorithm.oid();
  const known = ALGORITHMS.get(found);
  if (known === undefined) {
    if (!algorithm.atEnd) algorithm.skip();
  } else if (known.keyType === 'rsa' && algorithm.content(TAG.null).length > 0) {
    throw new BanyanError('DER_INVALID', 'Not strict DER: NULL with content.');
  }
  algorithm.finish();
  return found;
};

/** For a person: `ecdsa-sha256`, `rsa-sha256`; the dotted identifier of what is not accepted here. */
export const signatureAlgorithmName = (algorithmOid: string): string => {
  const known = ALGORITHMS.get(algorithmOid);
  if (known === undefined) return dottedOid(algorithmOid);
  return `${known.keyType === 'ec' ? 'ecdsa' : 'rsa'}-${known.hash}`;
};

/** Whether `signature` over `bytes` is by `publicKey` with the algorithm of this OID. False for what is not supported. */
export const verifySignature = (check: {
  algorithmOid: string;
  bytes: Uint8Array;
  signature: Uint8Array;
  publicKey: KeyObject;
}): boolean => {
  const algorithm = ALGORITHMS.get(check.algorithmOid);
  if (algorithm === undefined || check.publicKey.asymmetricKeyType !== algorithm.keyType) return false;
  try {
    return verify(algorithm.hash, check.bytes, check.publicKey, check.signature);
  } catch {
    // A signature that is not even well-formed.
    return false;
  }
};
