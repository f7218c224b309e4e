import { BanyanError, type EpochMs, HOUR, MINUTE, type Random } from '@banyan/kernel';
import { formatSpiffeId } from '@banyan/identity';
import {
  Certificate,
  createCsr,
  generateKeyPair,
  issue,
  LocalSigner,
  parseCsr,
  prepareIntermediate,
  prepareLeaf,
  verifyChain,
} from '@banyan/pki';
import type { RootProvider } from '../ports/root-provider.js';

/** What {@link proveRoot} proves, and with what. */
export interface RootProofParts {
  readonly provider: RootProvider;
  readonly keyReference: string;
  readonly root: Certificate;
  /** The cross-signed certificate and the root that made it. */
  readonly crossing?: { readonly crossSigned: Certificate; readonly previous: Certificate };
  readonly trustDomain: string;
  readonly clusterId: string;
  readonly datacenter: string;
  readonly now: EpochMs;
  readonly random: Random;
}

const PROBE_KEY = { type: 'ec', bits: 256 } as const;

/**
 * Signs a throw-away intermediate and a throw-away leaf, and verifies the leaf by every path that peers will take: to the
 * root itself, and to the previous root along the cross-signed certificate. Throws the code of what breaks.
 */
export const proveRoot = async (parts: RootProofParts, signal: AbortSignal): Promise<void> => {
  const { root, crossing, trustDomain, datacenter, now, random } = parts;
  const { certificate: intermediate, privateKey } = await probeIntermediate(parts, signal);
  const leafKey = await generateKeyPair(PROBE_KEY);
  const uri = formatSpiffeId({ kind: 'server', trustDomain, datacenter });
  const prepared = prepareLeaf({
    request: parseCsr(createCsr({ keyPair: leafKey, uri })),
    issuer: intermediate,
    lifetimeMs: 10 * MINUTE,
    now,
    random,
  });
  const leaf = await issue(prepared, new LocalSigner(privateKey));
  requirePath([leaf, intermediate], root, parts);
  if (crossing !== undefined) requirePath([leaf, intermediate, crossing.crossSigned], crossing.previous, parts);
};

const requirePath = (
  presented: readonly Certificate[],
  anchor: Certificate,
  { now, trustDomain }: RootProofParts,
): void => {
  const verdict = verifyChain({ presented, anchors: [anchor], now, trustDomain, usage: 'tls-server' });
  if (!verdict.ok) {
    throw new BanyanError(verdict.code, `the next root does not work: a probe leaf is refused: ${verdict.reason}`, {
      fields: { anchor: anchor.fingerprintSha256 },
    });
  }
};

const probeIntermediate = async (parts: RootProofParts, signal: AbortSignal) => {
  const { provider, keyReference, root, trustDomain, clusterId, now, random } = parts;
  const keyPair = await generateKeyPair(PROBE_KEY);
  const uri = formatSpiffeId({ kind: 'signing', trustDomain });
  const csrPem = createCsr({ keyPair, uri, ca: true });
  const commonName = `probe.ca.${clusterId.slice(0, 8)}.consul`;
  const prepared = prepareIntermediate({
    request: parseCsr(csrPem),
    issuer: root,
    trustDomain,
    commonName,
    lifetimeMs: HOUR,
    now,
    random,
  });
  const order = { prepared, csrPem, commonName, uri, notAfter: prepared.notAfter, issuerPem: root.pem };
  const certificate = Certificate.fromPem(await provider.signIntermediate(keyReference, order, signal));
  return { certificate, privateKey: keyPair.privateKey };
};
