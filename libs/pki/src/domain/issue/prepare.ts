import type { KeyObject } from 'node:crypto';
import { BanyanError, type EpochMs, epochMs, type Random } from '@banyan/kernel';
import type { Certificate } from '../certificate/certificate.js';
import { EMPTY_NAME, encodeCommonName } from '../certificate/distinguished-name.js';
import type { CertificateRequest } from '../csr/parse-csr.js';
import { exportSpki } from '../keys/public-key.js';
import { compose, validityOf } from './compose.js';
import type { PreparedCertificate } from './prepared-certificate.js';

const signingUri = (trustDomain: string): string => `spiffe://${trustDomain}`;

/** DNS-safe and at most 64 characters (RFC 5280 ub-common-name), so that it can be shown and compared anywhere. */
const subjectOf = (commonName: string): Uint8Array => {
  if (!/^[a-z0-9]([a-z0-9.-]{0,62}[a-z0-9])?$/.test(commonName)) {
    throw new BanyanError('CERTIFICATE_PROFILE_VIOLATED', 'A CA name must be 1 to 64 of a-z, 0-9, "." and "-".');
  }
  return encodeCommonName(commonName);
};

const requireAuthority = (issuer: Certificate): void => {
  if (!issuer.isCa || !issuer.keyUsage.has('keyCertSign')) {
    throw new BanyanError('CHAIN_ISSUER_NOT_CA', 'The issuing certificate is not a CA.');
  }
};

/** An issuer that may have further CAs below it. */
const requireRoomBelow = (issuer: Certificate): void => {
  requireAuthority(issuer);
  if (issuer.pathLength === 0) {
    throw new BanyanError('CHAIN_PATH_LENGTH_EXCEEDED', 'The issuing certificate allows no CA below it.');
  }
};

/**
 * A root authority's certificate: subject = issuer, no path length, URI `spiffe://<trust domain>`.
 * Successive roots need different common names, or chain building cannot tell them apart.
 * Throws `KEY_UNSUPPORTED`, `KEY_TOO_WEAK`, `CERTIFICATE_PROFILE_VIOLATED`.
 */
export const prepareRoot = (root: {
  publicKey: KeyObject;
  /** `<uuid>.consul` */
  trustDomain: string;
  commonName: string;
  lifetimeMs: number;
  now: EpochMs;
  random: Random;
}): PreparedCertificate => {
  return compose({
    kind: 'root',
    subjectDer: subjectOf(root.commonName),
    issuer: { self: root.publicKey },
    validity: validityOf(root.lifetimeMs, root.now),
    spki: exportSpki(root.publicKey),
    uris: [signingUri(root.trustDomain)],
    random: root.random,
  });
};

/**
 * A datacenter's signing authority: path length 0, a subject of its own. The request must ask for a CA and carry
 * exactly the URI `spiffe://<trust domain>`.
 * Throws `CSR_INVALID`, `CSR_SAN_INVALID`, `CSR_TRUST_DOMAIN_FOREIGN`, `CHAIN_ISSUER_NOT_CA`,
 * `CHAIN_PATH_LENGTH_EXCEEDED`, `CA_EXPIRED`, `CERTIFICATE_PROFILE_VIOLATED`.
 */
export const prepareIntermediate = (intermediate: {
  request: CertificateRequest;
  issuer: Certificate;
  trustDomain: string;
  commonName: string;
  lifetimeMs: number;
  now: EpochMs;
  random: Random;
}): PreparedCertificate => {
  const { request, issuer } = intermediate;
  requireRoomBelow(issuer);
  if (!request.requestsCa) throw new BanyanError('CSR_INVALID', 'The request does not ask for a CA certificate.');
  const uri = onlyUri(request);
  if (request.dnsNames.length + request.ipAddresses.length > 0) {
    throw new BanyanError('CSR_SAN_INVALID', 'A CA certificate carries a URI and no other name.');
  }
  if (uri !== signingUri(intermediate.trustDomain)) {
    throw new BanyanError('CSR_TRUST_DOMAIN_FOREIGN', 'The request names another trust domain than this mesh.');
  }
  const subjectDer = subjectOf(intermediate.commonName);
  if (Buffer.compare(subjectDer, issuer.subjectDer) === 0) {
    throw new BanyanError('CERTIFICATE_PROFILE_VIOLATED', 'An intermediate needs another name than its issuer.');
  }
  return compose({
    kind: 'intermediate',
    subjectDer,
    issuer,
    validity: validityOf(intermediate.lifetimeMs, intermediate.now, issuer),
    spki: request.spki,
    pathLength: 0,
    uris: [uri],
    random: intermediate.random,
  });
};

/**
 * The next root's name and key, certified by the previous root, so that peers who trust only the previous one accept
 * chains below the next one. Ends with whichever of the two ends first.
 * Throws `CHAIN_ISSUER_NOT_CA`, `CHAIN_PATH_LENGTH_EXCEEDED`, `CA_EXPIRED`, `CHAIN_TRUST_DOMAIN_FOREIGN`,
 * `CERTIFICATE_PROFILE_VIOLATED`, `KEY_UNSUPPORTED`, `KEY_TOO_WEAK`.
 */
export const prepareCrossSigned = (crossing: {
  /** The next root. */
  subject: Certificate;
  /** The previous root. */
  issuer: Certificate;
  now: EpochMs;
  random: Random;
}): PreparedCertificate => {
  const { subject, issuer, now, random } = crossing;
  requireRoomBelow(issuer);
  requireRoomBelow(subject);
  if (Buffer.compare(subject.subjectDer, issuer.subjectDer) === 0) {
    throw new BanyanError('CERTIFICATE_PROFILE_VIOLATED', 'Successive roots need different names.');
  }
  if (subject.uris.some((uri) => issuer.uris.length > 0 && !issuer.uris.includes(uri))) {
    throw new BanyanError('CHAIN_TRUST_DOMAIN_FOREIGN', 'The two roots belong to different trust domains.');
  }
  const { notBefore } = validityOf(Number.MAX_SAFE_INTEGER, now, issuer);
  if (subject.notAfter <= now) throw new BanyanError('CA_EXPIRED', 'The root to be cross-signed has expired.');
  const { subjectKeyIdBytes } = subject;
  return compose({
    kind: 'cross-signed',
    subjectDer: subject.subjectDer,
    issuer,
    validity: { notBefore, notAfter: epochMs(Math.min(subject.notAfter, issuer.notAfter)) },
    spki: subject.spki,
    pathLength: subject.pathLength,
    uris: subject.uris,
    ...(subjectKeyIdBytes === undefined ? {} : { subjectKeyId: subjectKeyIdBytes }),
    random,
  });
};

/** DNS names as certificates may carry them; `*` only as the whole first label. */
const DNS_NAME = /^(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_.-]{0,250}[A-Za-z0-9])?$/;

const onlyUri = (request: CertificateRequest): string => {
  const [uri, ...more] = request.uris;
  if (uri === undefined || more.length > 0 || request.emails.length > 0) {
    throw new BanyanError('CSR_SAN_INVALID', 'The request must carry exactly one URI, and no e-mail address.');
  }
  return uri;
};

const requireWithin = (uri: string, issuer: Certificate): void => {
  const [authority] = issuer.uris;
  if (authority !== undefined && !uri.startsWith(`${authority}/`)) {
    throw new BanyanError('CSR_TRUST_DOMAIN_FOREIGN', 'The request names another trust domain than its issuer.');
  }
};

/**
 * A workload's certificate: empty subject, the request's one URI (which must lie within the issuer's trust domain) and
 * its DNS and IP names. Who may ask for which URI is decided by the caller.
 * Throws `CSR_INVALID`, `CSR_SAN_INVALID`, `CSR_TRUST_DOMAIN_FOREIGN`, `CHAIN_ISSUER_NOT_CA`, `CA_EXPIRED`,
 * `CERTIFICATE_PROFILE_VIOLATED`.
 */
export const prepareLeaf = (leaf: {
  request: CertificateRequest;
  issuer: Certificate;
  lifetimeMs: number;
  now: EpochMs;
  random: Random;
}): PreparedCertificate => {
  const { request, issuer } = leaf;
  requireAuthority(issuer);
  if (request.requestsCa) throw new BanyanError('CSR_INVALID', 'The request of a workload asks for a CA certificate.');
  const uri = onlyUri(request);
  requireWithin(uri, issuer);
  if (!request.dnsNames.every((name) => DNS_NAME.test(name))) {
    throw new BanyanError('CSR_SAN_INVALID', 'A DNS name of the request has a form that is not allowed.');
  }
  return compose({
    kind: 'leaf',
    subjectDer: EMPTY_NAME,
    issuer,
    validity: validityOf(leaf.lifetimeMs, leaf.now, issuer),
    spki: request.spki,
    uris: [uri],
    dnsNames: request.dnsNames,
    ipAddresses: request.ipAddresses,
    random: leaf.random,
  });
};
