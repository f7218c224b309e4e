import { BanyanError } from '@banyan/kernel';
import { Certificate } from '@banyan/pki';
import type { TrustMaterial } from '../ports/mesh-source.js';

/** The roots of one moment, read once: what every chain is judged by. */
export interface TrustView {
  readonly trustDomain: string;
  readonly roots: readonly Certificate[];
  /** The SHA-1 fingerprint of each root, in the order of `roots`: the ID that the API names it by. */
  readonly rootIds: readonly string[];
  /** The root that is to stay; absent when the agent named none, or none of these. */
  readonly active: { readonly id: string; readonly root: Certificate } | undefined;
  /** Which roots are said to be compromised, in the bundle (SHA-1) or gone (SHA-256). */
  readonly tainted: readonly string[];
  /** Keys that nobody may believe, whoever certified them. */
  readonly deniedKeys: ReadonlySet<string>;
  /** Whether chains are verified a second time: there is an active root, and at least one other beside it. */
  readonly isCompared: boolean;
}

/**
 * Reads a bundle. Throws `CHAIN_ISSUER_UNKNOWN` for an empty one, and pki's `PEM_INVALID` or `CERTIFICATE_INVALID`: OpenSSL
 * would take text that is no certificate for no root at all, and then refuse everybody.
 */
export const readTrustView = (trust: TrustMaterial): TrustView => {
  // Without any root Node would trust the public ones instead.
  if (trust.rootPems.length === 0) throw new BanyanError('CHAIN_ISSUER_UNKNOWN', 'the trust bundle is empty');
  const roots = trust.rootPems.map((pem) => Certificate.fromPem(pem));
  const rootIds = roots.map((root) => root.fingerprintSha1);
  const root = trust.activeRootId === undefined ? undefined : roots[rootIds.indexOf(trust.activeRootId)];
  const active = root === undefined ? undefined : { id: root.fingerprintSha1, root };
  return {
    trustDomain: trust.trustDomain,
    roots,
    rootIds,
    active,
    tainted: [...(trust.taintedRootIds ?? []), ...(trust.taintedGone ?? [])],
    deniedKeys: new Set(trust.deniedKeys),
    isCompared: active !== undefined && new Set(rootIds).size > 1,
  };
};
