import type { EpochMs, StateIndex } from '@banyan/kernel';
import { type Certificate, type KeySpec, parseKeySpec } from '@banyan/pki';

/** Where a root stands in a rotation; see {@link RootRecord.state}. */
export type RootState = 'next' | 'active' | 'inactive';

/** The public part of a root authority, as every datacenter holds it. */
export interface RootRecord {
  /** SHA-1 of the certificate's DER, colon hex. */
  readonly id: string;
  /** Counts up with every root of the trust domain, from 1. */
  readonly generation: number;
  readonly name: string;
  readonly certificate: Certificate;
  /** This root's key, certified by the root one generation before; absent for the first root. */
  readonly crossSigned?: Certificate;
  /**
   * `next`: everybody trusts it, nobody signs leaves under it yet. `active`: leaves are signed under it; exactly one root
   * is. `inactive`: it was active (or next, before a roll-back), and stays until nothing lives under it.
   */
  readonly state: RootState;
  /** Which provider holds its key. */
  readonly provider: string;
  /** Since when its key is known to be in wrong hands. */
  readonly taintedAt?: EpochMs;
  readonly rotatedOutAt?: EpochMs;
  readonly privateKeyType: string;
  readonly privateKeyBits: number;
  readonly createIndex: StateIndex;
  readonly modifyIndex: StateIndex;
}

/** A cross-signed certificate and the earlier root of the bundle that it leads to. */
export interface CrossSignedStep {
  readonly certificate: Certificate;
  readonly anchor: RootRecord;
}

/** The way from a root along cross-signed certificates to the earliest root of the bundle, nearest first. */
export const crossSignedSteps = (root: RootRecord, bundle: readonly RootRecord[]): readonly CrossSignedStep[] => {
  const steps: CrossSignedStep[] = [];
  for (let current = root; current.crossSigned !== undefined;) {
    const { crossSigned: certificate, generation } = current;
    const anchor = bundle.find((r) => r.generation < generation && r.certificate.isNamedIssuerOf(certificate));
    if (anchor === undefined) break;
    steps.push({ certificate, anchor });
    current = anchor;
  }
  return steps;
};

/**
 * The cross-signed certificates that must follow a chain under `root`, nearest first: a peer that still trusts only an
 * earlier root of the bundle finds its way along them. Empty once no earlier root is in the bundle.
 * I: trust algebra (a) in the room's README.
 */
export const crossSignedPath = (root: RootRecord, bundle: readonly RootRecord[]): readonly Certificate[] =>
  crossSignedSteps(root, bundle).map((step) => step.certificate);

/** The kind of key that intermediates under this root have: that of the configuration the root was made with. */
export const keySpecOf = ({ privateKeyType, privateKeyBits }: RootRecord): KeySpec =>
  parseKeySpec(privateKeyType, privateKeyBits);
