import type { EpochMs } from '@banyan/kernel';
import { type Certificate, type ChainUsage, parseCertificates, verifyChain } from '@banyan/pki';

/** A chain that TLS has accepted, and what it is held against. */
export interface DeniedQuestion {
  readonly presented: readonly Certificate[];
  readonly bundlePem: string;
  /** SHA-256 of each SubjectPublicKeyInfo, colon hex. */
  readonly deniedKeys: readonly string[];
  readonly usage: Exclude<ChainUsage, 'authority'>;
  readonly now: EpochMs;
}

/**
 * Why a peer is refused whose chain leads to a root by a denied key only: TLS does not know of them. Nothing is asked
 * while no key is denied.
 */
export const refusalByDeniedKeys = (question: DeniedQuestion): string | undefined => {
  const { presented, bundlePem, deniedKeys, usage, now } = question;
  if (deniedKeys.length === 0) return undefined;
  const anchors = parseCertificates(bundlePem);
  const verdict = verifyChain({ presented, anchors, deniedKeys: new Set(deniedKeys), usage, now });
  return verdict.ok ? undefined : `${verdict.code}: ${verdict.reason}`;
};
