import { BanyanError, type EpochMs } from '@banyan/kernel';
import { type Certificate, type KeyPair, parseCertificates, verifyChain } from '@banyan/pki';
import type { SignedLeaf } from '../ports/leaf-signer.js';
import { refusalOfFresh } from './fresh-certificate.js';
import type { Bundle } from './roots-answer.js';

/**
 * The leaf that a server signed and the ID of the root above it, if that is what was asked for and the bundle trusts it. Throws
 * `KEY_MISMATCH`, `CLOCK_SKEW`, or why the chain is refused.
 */
export const verifiedLeaf = (
  signed: SignedLeaf,
  asked: { readonly keyPair: KeyPair; readonly uri: string },
  { trust, now }: { readonly trust: Bundle; readonly now: EpochMs },
): { readonly certificate: Certificate; readonly rootId: string } => {
  const presented = parseCertificates(signed.chainPem);
  const certificate = presented[0];
  const { keyPair, uri } = asked;
  if (certificate === undefined || !certificate.publicKey.equals(keyPair.publicKey) || certificate.uris[0] !== uri) {
    throw new BanyanError('KEY_MISMATCH', 'the server signed another certificate than the one asked for');
  }
  const { roots: anchors, trustDomain, deniedKeys } = trust;
  const verdict = verifyChain({ presented, anchors, now, trustDomain, usage: 'tls-server', deniedKeys });
  if (!verdict.ok) throw refusalOfFresh(certificate, verdict, now);
  // While the bundle lacks the next root, a path leads across to an earlier one: the server knows which it is under.
  return { certificate, rootId: signed.rootId ?? verdict.path.at(-1)!.fingerprintSha1 };
};
