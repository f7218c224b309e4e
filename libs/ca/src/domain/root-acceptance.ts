import { type BanyanError, type EpochMs, isBanyanError } from '@banyan/kernel';
import { formatSpiffeId } from '@banyan/identity';
import { Certificate, importPrivateKeyPem, type KeyPair, verifyChain } from '@banyan/pki';
import { refuse } from './ca-configuration.js';
import type { RootRecord } from './root-record.js';

/** A root that an operator or a provider brings, and what it must fit. */
export interface RootOffer {
  readonly certificate: Certificate;
  /** `<uuid>.consul` */
  readonly trustDomain: string;
  readonly bundle: readonly RootRecord[];
  readonly now: EpochMs;
  /** The root must live for longer than this, ms: nothing below it does. */
  readonly leastLifeMs: number;
  /** Roots of other providers may carry no URI: not every provider can write one. */
  readonly uriMayBeAbsent: boolean;
}

/** Reads a root that the operator brings with its key. Throws `CA_CONFIG_INVALID`. */
export const readOwnRoot = (own: {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}): { readonly certificate: Certificate; readonly keyPair: KeyPair } => {
  const certificate = readable('RootCert', () => Certificate.fromPem(own.certificatePem));
  const keyPair = readable('PrivateKey', () => importPrivateKeyPem(own.privateKeyPem));
  if (!keyPair.publicKey.equals(certificate.publicKey)) throw refuse('PrivateKey does not belong to RootCert');
  return { certificate, keyPair };
};

/**
 * Checks everything that would break later, when leaves depend on it: validity, CA constraints, trust domain, room for an
 * intermediate, and a name that no other root of the bundle has. Throws `CA_CONFIG_INVALID`.
 */
export const acceptRoot = (offer: RootOffer): void => {
  const { certificate, bundle, now, leastLifeMs } = offer;
  if (!certificate.selfSigned) throw refuse('RootCert is not self-signed');
  if (certificate.uris.length > 0 || !offer.uriMayBeAbsent) requireOfTrustDomain(offer);
  if (certificate.notAfter - now < leastLifeMs) {
    throw refuse(
      `RootCert ends at ${new Date(certificate.notAfter).toISOString()}, before three lives of a leaf have passed: bring one that lives longer, or set SkipValidate`,
    );
  }
  if (certificate.pathLength === 0)
    throw refuse('RootCert must allow an intermediate below it (path length 0 does not)');
  // OpenSSL finds issuers by name: two roots of one name break its search.
  const namesake = bundle.find(
    (root) => root.id !== certificate.fingerprintSha1 && sameSubject(root.certificate, certificate),
  );
  if (namesake !== undefined)
    throw refuse(`RootCert has the subject of root ${namesake.id}, which is in the bundle: give it a name of its own`);
};

const requireOfTrustDomain = ({ certificate, trustDomain, now }: RootOffer): void => {
  const anchors = [certificate];
  const verdict = verifyChain({ presented: anchors, anchors, now, trustDomain, usage: 'authority' });
  if (!verdict.ok) throw refuse(`RootCert is refused: ${verdict.reason}`);
  const uri = formatSpiffeId({ kind: 'signing', trustDomain });
  if (certificate.uris.length !== 1 || certificate.uris[0] !== uri)
    throw refuse(`RootCert must carry the one URI SAN ${uri}`);
};

const sameSubject = (a: Certificate, b: Certificate): boolean => Buffer.compare(a.subjectDer, b.subjectDer) === 0;

const readable = <T>(option: string, read: () => T): T => {
  try {
    return read();
  } catch (error) {
    if (!isBanyanError(error)) throw error;
    throw unreadable(option, error);
  }
};

const unreadable = (option: string, error: BanyanError): BanyanError =>
  refuse(`${option} cannot be used: ${error.message}`);
