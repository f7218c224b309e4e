import { type BanyanError, type EpochMs, isBanyanError } from '@banyan/kernel';
import { formatSpiffeId } from '@banyan/identity';
import { Certificate, importPrivateKeyPem, type KeyPair, verifyChain } from '@banyan/pki';
import { refuse } from './ca-configuration.js';
import type { RootRecord } from './root-record.js';

/** A root that the operator brings, and what it must fit. */
export interface OwnRootOffer {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  /** `<uuid>.consul` */
  readonly trustDomain: string;
  readonly bundle: readonly RootRecord[];
  readonly now: EpochMs;
  /** The root must live for longer than this, ms: nothing below it does. */
  readonly leastLifeMs: number;
}

/**
 * Checks everything that would break later, when leaves depend on it: the pair, validity, CA constraints, trust domain,
 * room for an intermediate, and a name that no other root of the bundle has. Throws `CA_CONFIG_INVALID`.
 */
export const acceptOwnRoot = (
  offer: OwnRootOffer,
): { readonly certificate: Certificate; readonly keyPair: KeyPair } => {
  const certificate = readable('RootCert', () => Certificate.fromPem(offer.certificatePem));
  const keyPair = readable('PrivateKey', () => importPrivateKeyPem(offer.privateKeyPem));
  if (!keyPair.publicKey.equals(certificate.publicKey)) throw refuse('PrivateKey does not belong to RootCert');
  if (!certificate.selfSigned) throw refuse('RootCert is not self-signed');
  const { trustDomain, now } = offer;
  const verdict = verifyChain({
    presented: [certificate],
    anchors: [certificate],
    now,
    trustDomain,
    usage: 'authority',
  });
  if (!verdict.ok) throw refuse(`RootCert is refused: ${verdict.reason}`);
  if (certificate.notAfter - now < offer.leastLifeMs) {
    throw refuse(
      `RootCert ends at ${new Date(certificate.notAfter).toISOString()}, before three lives of a leaf have passed: bring one that lives longer, or set SkipValidate`,
    );
  }
  const uri = formatSpiffeId({ kind: 'signing', trustDomain });
  if (certificate.uris.length !== 1 || certificate.uris[0] !== uri)
    throw refuse(`RootCert must carry the one URI SAN ${uri}`);
  if (certificate.pathLength === 0)
    throw refuse('RootCert must allow an intermediate below it (path length 0 does not)');
  // OpenSSL finds issuers by name: two roots of one name break its search.
  const namesake = offer.bundle.find(
    (root) => root.id !== certificate.fingerprintSha1 && sameSubject(root.certificate, certificate),
  );
  if (namesake !== undefined)
    throw refuse(`RootCert has the subject of root ${namesake.id}, which is in the bundle: give it a name of its own`);
  return { certificate, keyPair };
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
