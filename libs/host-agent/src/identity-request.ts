import { formatSpiffeId, parseSpiffeId } from '@banyan/identity';
import { BanyanError, type EpochMs } from '@banyan/kernel';
import {
  type Certificate,
  createCsr,
  exportPrivateKeyPem,
  generateKeyPair,
  parseCertificates,
  verifyChain,
} from '@banyan/pki';
import type { IdentityMaterial } from './stored-identity.js';

/** Whose identity it is. */
export interface AgentPlace {
  readonly datacenter: string;
  readonly node: string;
}

/** A key that was made here, and what is asked for with it. */
export interface IdentityRequest {
  readonly keyPem: string;
  readonly csrPem: string;
  readonly uri: string;
  readonly trustDomain: string;
}

/** Makes a key and the request of the agent there. */
export const requestIdentity = async (
  { datacenter, node }: AgentPlace,
  trustDomain: string,
): Promise<IdentityRequest> => {
  const keyPair = await generateKeyPair({ type: 'ec', bits: 256 });
  const uri = formatSpiffeId({ kind: 'agent', trustDomain, datacenter, node });
  return { keyPem: exportPrivateKeyPem(keyPair.privateKey), csrPem: createCsr({ keyPair, uri }), uri, trustDomain };
};

/** The data folder may have belonged to another node or datacenter. Throws `PEER_NOT_ALLOWED`. */
export const requireIdentityOf = (
  { datacenter, node }: AgentPlace,
  { chainPem }: Pick<IdentityMaterial, 'chainPem'>,
): void => {
  const id = parseSpiffeId(parseCertificates(chainPem)[0]?.uris[0] ?? '');
  if (id.kind === 'agent' && id.datacenter === datacenter && id.node === node) return;
  throw new BanyanError('PEER_NOT_ALLOWED', `it is of another node than ${node} of ${datacenter}`);
};

/** ID of the root of the bundle above the chain, if there is one. */
export const rootAbove = (
  presented: readonly Certificate[],
  anchors: readonly Certificate[],
  now: EpochMs,
): string | undefined => {
  const verdict = verifyChain({ presented, anchors, now, usage: 'tls-client' });
  return verdict.ok ? verdict.path.at(-1)!.fingerprintSha1 : undefined;
};

/** Whether two lists name the same keys, in any order. */
export const sameKeys = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((key) => other.includes(key));
