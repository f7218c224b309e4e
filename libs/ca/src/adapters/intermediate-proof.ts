import { formatSpiffeId } from '@banyan/identity';
import { BanyanError, type Clock, MINUTE, type Random } from '@banyan/kernel';
import {
  type Certificate,
  createCsr,
  generateKeyPair,
  issue,
  type KeyPair,
  LocalSigner,
  parseCsr,
  prepareLeaf,
  verifyChain,
} from '@banyan/pki';
import { crossSignedSteps } from '../domain/root-record.js';
import type { CaProjection } from './ca-projection.js';

/** Where an intermediate is to be used. */
export interface IntermediatePlace {
  readonly datacenter: string;
  readonly projection: CaProjection;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Nothing an issuer answers is used before it has proved itself, a throw-away leaf included. Throws `CHAIN_ISSUER_UNKNOWN`,
 * `KEY_MISMATCH`, or why a chain under it is refused.
 */
export const proveIntermediate = async (
  { datacenter, projection, clock, random }: IntermediatePlace,
  {
    keyPair,
    certificate,
    rootId,
  }: { readonly keyPair: KeyPair; readonly certificate: Certificate; readonly rootId: string },
): Promise<void> => {
  const root = projection.state.roots.find((r) => r.id === rootId);
  if (root === undefined) {
    throw new BanyanError(
      'CHAIN_ISSUER_UNKNOWN',
      `the intermediate is signed by root ${rootId}, which this datacenter does not know yet`,
    );
  }
  if (!keyPair.publicKey.equals(certificate.publicKey)) {
    throw new BanyanError('KEY_MISMATCH', 'the issued intermediate does not belong to the pending key');
  }
  const now = clock.now();
  const trustDomain = projection.getTrustDomain().name;
  const leafKey = await generateKeyPair({ type: 'ec', bits: 256 });
  const uri = formatSpiffeId({ kind: 'server', trustDomain, datacenter });
  const request = parseCsr(createCsr({ keyPair: leafKey, uri }));
  const prepared = prepareLeaf({ request, issuer: certificate, lifetimeMs: 10 * MINUTE, now, random });
  const leaf = await issue(prepared, new LocalSigner(keyPair.privateKey));
  const steps = crossSignedSteps(root, projection.state.roots);
  const chain = [leaf, certificate, ...steps.map((step) => step.certificate)];
  // A peer that knows only one of the roots must find its way, whichever that is.
  const paths = [root, ...steps.map((step) => step.anchor)].map((known, crossings) => ({
    presented: chain.slice(0, 2 + crossings),
    anchor: known.certificate,
  }));
  for (const { presented, anchor } of paths) {
    const verdict = verifyChain({ presented, anchors: [anchor], now, trustDomain, usage: 'tls-server' });
    if (!verdict.ok) throw new BanyanError(verdict.code, `the issued intermediate is refused: ${verdict.reason}`);
  }
};
