import { createHash, type KeyObject } from 'node:crypto';
import { BanyanError, type EpochMs, epochMs, MINUTE, type Random } from '@banyan/kernel';
import { encodeAlternativeNames } from '../certificate/alternative-names.js';
import type { Certificate } from '../certificate/certificate.js';
import { EMPTY_NAME } from '../certificate/distinguished-name.js';
import { bitString, bytesOfHex, sequence, tlv } from '../der/der-writer.js';
import { contextTag, TAG } from '../der/tags.js';
import { encodeTime } from '../der/time.js';
import { colonHex } from '../hex.js';
import { specOfSpki } from '../keys/public-key.js';
import { SIGNATURE_ALGORITHM } from '../keys/signature-algorithm.js';
import {
  authorityKeyIdExtension,
  basicConstraintsExtension,
  CA_KEY_USAGE,
  CA_WITHOUT_LIMIT,
  caWithPathLength,
  LEAF_EXTENDED_KEY_USAGE,
  LEAF_KEY_USAGE,
  namesExtension,
  NO_CA,
  subjectKeyIdExtension,
} from './extension-templates.js';
import { type CertificateKind, type IssuerKey, PreparedCertificate, type Profile } from './prepared-certificate.js';

/** Every certificate begins this long before it is made: peers' clocks differ by seconds, rarely by a minute. */
const BACKDATE_MS = MINUTE;
const SERIAL_LENGTH = 16;
const VERSION_3 = bytesOfHex('a003020102');

/** The identifier banyan gives a key: SHA-256 of the SubjectPublicKeyInfo, all 32 bytes. */
export const keyIdOf = (spki: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(spki).digest());

/** 128 bits, of which 126 are random: positive, and always 16 bytes long. */
const drawSerial = (random: Random): Uint8Array => {
  const serial = Uint8Array.from(random.bytes(SERIAL_LENGTH));
  serial[0] = (serial[0]! & 0x7f) | 0x40;
  return serial;
};

/** Times of certificates have whole seconds (RFC 5280 §4.1.2.5). */
const wholeSecond = (moment: number): EpochMs => epochMs(Math.floor(moment / 1000) * 1000);

/** A validity that ends `lifetimeMs` after its (backdated) begin, but never after the issuer's. */
export const validityOf = (
  lifetimeMs: number,
  now: EpochMs,
  issuer?: Certificate,
): { notBefore: EpochMs; notAfter: EpochMs } => {
  if (!Number.isFinite(lifetimeMs) || lifetimeMs <= BACKDATE_MS) {
    throw new BanyanError('CERTIFICATE_PROFILE_VIOLATED', 'A certificate must live for longer than a minute.');
  }
  if (issuer !== undefined && issuer.notAfter <= now) {
    throw new BanyanError('CA_EXPIRED', 'The certificate of the signing authority has expired.');
  }
  const notBefore = wholeSecond(now - BACKDATE_MS);
  const end = wholeSecond(notBefore + lifetimeMs);
  return { notBefore, notAfter: issuer !== undefined && issuer.notAfter < end ? issuer.notAfter : end };
};

/** What each kind of certificate adds to the parts that all have. */
export interface Draft {
  readonly kind: CertificateKind;
  readonly subjectDer: Uint8Array;
  /** A root issues itself: it gives its own key instead of an issuer. */
  readonly issuer: Certificate | { readonly self: KeyObject };
  readonly validity: { readonly notBefore: EpochMs; readonly notAfter: EpochMs };
  /** The key that is certified. */
  readonly spki: Uint8Array;
  readonly pathLength?: number | undefined;
  readonly uris: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  /** Given only where it is not the hash of the key: a cross-signed certificate keeps its subject's. */
  readonly subjectKeyId?: Uint8Array;
  readonly random: Random;
}

const encodeExtensions = (profile: Profile): Uint8Array => {
  const { isCa, pathLength, authorityKeyId } = profile;
  const constraints = !isCa ? NO_CA : pathLength === undefined ? CA_WITHOUT_LIMIT : caWithPathLength(pathLength);
  return sequence(
    isCa ? CA_KEY_USAGE : LEAF_KEY_USAGE,
    ...(isCa ? [] : [LEAF_EXTENDED_KEY_USAGE]),
    basicConstraintsExtension(constraints),
    subjectKeyIdExtension(profile.subjectKeyId),
    ...(authorityKeyId === undefined ? [] : [authorityKeyIdExtension(authorityKeyId)]),
    ...(profile.uris.length === 0
      ? [] // only a user's own root can have no name; see prepareCrossSigned
      : [namesExtension(encodeAlternativeNames(profile), profile.subjectDer.length === EMPTY_NAME.length)]),
  );
};

/** The bytes that are signed (RFC 5280 §4.1.2), by concatenating parts that are mostly encoded already. */
const encodeTbs = (profile: Profile, serial: Uint8Array, signerType: 'ec' | 'rsa'): Uint8Array =>
  sequence(
    VERSION_3,
    tlv(TAG.integer, serial),
    SIGNATURE_ALGORITHM[signerType],
    profile.issuerDer,
    sequence(encodeTime(profile.notBefore), encodeTime(profile.notAfter)),
    profile.subjectDer,
    profile.spki,
    tlv(contextTag(3, true), encodeExtensions(profile)),
  );

const LEAF_USAGES = ['digitalSignature', 'keyEncipherment', 'dataEncipherment', 'keyAgreement'] as const;
const CA_USAGES = ['digitalSignature', 'keyCertSign', 'cRLSign'] as const;
const LEAF_PURPOSES = ['clientAuth', 'serverAuth'] as const;

/** Draws the serial number and encodes everything but the signature. */
export const compose = (draft: Draft): PreparedCertificate => {
  const { kind, spki, random, subjectDer, uris, dnsNames = [], ipAddresses = [], pathLength } = draft;
  const isCa = kind !== 'leaf';
  const serial = drawSerial(random);
  const subjectKeyId = draft.subjectKeyId ?? keyIdOf(spki);
  const issuer = 'self' in draft.issuer ? undefined : draft.issuer;
  const profile: Profile = {
    kind,
    serialHex: colonHex(serial),
    issuerDer: issuer === undefined ? subjectDer : issuer.subjectDer,
    subjectDer,
    ...draft.validity,
    spki,
    keyUsage: isCa ? CA_USAGES : LEAF_USAGES,
    extendedKeyUsage: isCa ? [] : LEAF_PURPOSES,
    isCa,
    pathLength,
    subjectKeyId,
    authorityKeyId: issuer === undefined ? subjectKeyId : issuer.subjectKeyIdBytes,
    uris,
    dnsNames,
    ipAddresses,
  };
  // A certificate keeps its imported key, so a CA's is imported once and not for every leaf.
  const issuerKey: IssuerKey =
    'self' in draft.issuer
      ? { spec: specOfSpki(spki), publicKey: draft.issuer.self }
      : { spec: draft.issuer.keySpec, publicKey: draft.issuer.publicKey };
  return new PreparedCertificate({ tbs: encodeTbs(profile, serial, issuerKey.spec.type), profile, issuerKey });
};

/** The finished certificate: the signed bytes, the algorithm and the signature. */
export const assemble = (tbs: Uint8Array, signerType: 'ec' | 'rsa', signature: Uint8Array): Uint8Array =>
  sequence(tbs, SIGNATURE_ALGORITHM[signerType], bitString(signature));
