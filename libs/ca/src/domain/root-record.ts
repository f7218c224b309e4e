import type { EpochMs, StateIndex } from '@banyan/kernel';
import type { Certificate } from '@banyan/pki';

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
  /** `active`: the primary signs intermediates under it. Exactly one root is. */
  readonly state: 'active' | 'inactive';
  readonly rotatedOutAt?: EpochMs;
  readonly privateKeyType: string;
  readonly privateKeyBits: number;
  readonly createIndex: StateIndex;
  readonly modifyIndex: StateIndex;
}

/**
 * The cross-signed certificates that must follow a chain under `root`, nearest first: a peer that still trusts only an
 * earlier root of the bundle finds its way along them. Empty once no earlier root is in the bundle.
 * I: trust algebra (a) in the room's README.
 */
export const crossSignedPath = (root: RootRecord, bundle: readonly RootRecord[]): readonly Certificate[] => {
  const path: Certificate[] = [];
  for (let current: RootRecord | undefined = root; current?.crossSigned !== undefined;) {
    const previous: RootRecord | undefined = bundle.find((r) => r.generation === current!.generation - 1);
    if (previous === undefined) break;
    path.push(current.crossSigned);
    current = previous;
  }
  return path;
};
