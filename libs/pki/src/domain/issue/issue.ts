import { BanyanError } from '@banyan/kernel';
import type { CertificateSigner } from '../../ports/certificate-signer.js';
import { Certificate } from '../certificate/certificate.js';
import { colonHex } from '../hex.js';
import { assemble } from './compose.js';
import { consume, type PreparedCertificate, type Profile } from './prepared-certificate.js';

const sameBytes = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;
const sameList = (one: Iterable<string>, other: readonly string[]): boolean => {
  let at = 0;
  for (const item of one) if (item !== other[at++]) return false;
  return at === other.length;
};
const sameKeyId = (one: string | undefined, other: Uint8Array | undefined): boolean =>
  one === (other === undefined ? undefined : colonHex(other));

/** Each rule of a profile with the words that name it when it is broken. */
const RULES: readonly (readonly [string, (product: Certificate, profile: Profile) => boolean])[] = [
  ['serial number', (product, profile) => product.serialHex === profile.serialHex],
  ['issuer', (product, profile) => sameBytes(product.issuerDer, profile.issuerDer)],
  ['subject', (product, profile) => sameBytes(product.subjectDer, profile.subjectDer)],
  ['validity', (product, profile) => product.notBefore === profile.notBefore && product.notAfter === profile.notAfter],
  ['validity order', (product) => product.notBefore < product.notAfter],
  ['public key', (product, profile) => sameBytes(product.spki, profile.spki)],
  ['CA constraint', (product, profile) => product.isCa === profile.isCa && product.pathLength === profile.pathLength],
  ['key usage', (product, profile) => sameList(product.keyUsage, profile.keyUsage)],
  ['extended key usage', (product, profile) => sameList(product.extendedKeyUsage, profile.extendedKeyUsage)],
  ['subject key identifier', (product, profile) => sameKeyId(product.subjectKeyId, profile.subjectKeyId)],
  ['authority key identifier', (product, profile) => sameKeyId(product.authorityKeyId, profile.authorityKeyId)],
  ['URIs', (product, profile) => sameList(product.uris, profile.uris)],
  ['DNS names', (product, profile) => sameList(product.dnsNames, profile.dnsNames)],
  ['IP addresses', (product, profile) => sameList(product.ipAddresses, profile.ipAddresses)],
  ['critical names', (product, profile) => product.namesCritical === (profile.kind === 'leaf')],
  ['known extensions', (product) => product.unknownCriticalExtensions.length === 0],
];

const violated = (rule: string, profile: Profile): never => {
  throw new BanyanError('CERTIFICATE_PROFILE_VIOLATED', `A ${profile.kind} certificate failed the check of: ${rule}.`, {
    fields: { rule, kind: profile.kind, serial: profile.serialHex },
  });
};

const checkProfile = (product: Certificate, profile: Profile): void => {
  for (const [rule, holds] of RULES) if (!holds(product, profile)) violated(rule, profile);
};

/**
 * Signs a prepared certificate and validates the product before anyone sees it: it is parsed again, compared with its
 * profile, and its signature is verified under the issuer's key.
 * Throws `PREPARED_ALREADY_USED`, `KEY_MISMATCH` (the signer holds a key of another kind),
 * `CERTIFICATE_PROFILE_VIOLATED`, and what the signer throws.
 */
export const issue = async (prepared: PreparedCertificate, signer: CertificateSigner): Promise<Certificate> => {
  const { tbs, profile, issuerKey } = consume(prepared);
  if (signer.spec.type !== issuerKey.spec.type || signer.spec.bits !== issuerKey.spec.bits) {
    throw new BanyanError('KEY_MISMATCH', 'The signing key is of another kind than the issuing certificate.');
  }
  const signature = await signer.sign(tbs);
  const product = Certificate.fromDer(assemble(tbs, issuerKey.spec.type, signature));
  checkProfile(product, profile);
  if (!product.hasSignatureOf(issuerKey.publicKey)) violated('signature', profile);
  return product;
};
