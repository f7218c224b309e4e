import type { StateIndex } from '@banyan/kernel';
import type { Certificate } from '@banyan/pki';
import type { DeniedKey } from './denied-key.js';
import { crossSignedPath, type RootRecord } from './root-record.js';

/** A root as `GET /v1/connect/ca/roots` shows it. Source: the Consul contract §1.1. */
export interface WireRoot {
  readonly ID: string;
  readonly Name: string;
  /** The low 64 bits of the serial: a JSON number beyond 2^53. */
  readonly SerialNumber: bigint;
  readonly SigningKeyID: string;
  readonly ExternalTrustDomain: string;
  readonly NotBefore: string;
  readonly NotAfter: string;
  readonly RootCert: string;
  readonly IntermediateCerts: readonly string[] | null;
  readonly Active: boolean;
  /** Only of a root whose key is in wrong hands: connections under it are cut when it leaves. Banyan's own. */
  readonly Tainted?: true;
  readonly PrivateKeyType: string;
  readonly PrivateKeyBits: number;
  readonly CreateIndex: StateIndex;
  readonly ModifyIndex: StateIndex;
}

/** The answer of `GET /v1/connect/ca/roots` (contract §1.1), with fields of our own that are named so. */
export interface WireRoots {
  readonly ActiveRootID: string;
  readonly TrustDomain: string;
  readonly Roots: readonly WireRoot[];
  /** SHA-256 fingerprints of compromised roots that have left, for whoever missed the mark. Absent without any. Banyan's own. */
  readonly TaintedRoots?: readonly string[];
  /** Keys that nobody may believe, whoever certified them. Absent without any. Banyan's own. */
  readonly DeniedKeys?: readonly WireDeniedKey[];
  /** Subject key IDs of this datacenter's former intermediates: leaves under them are to be signed again. Banyan's own. */
  readonly LeavingKeys?: readonly string[];
}

/** A key in wrong hands. */
export interface WireDeniedKey {
  /** SHA-256 of the SubjectPublicKeyInfo, colon hex. */
  readonly KeySHA256: string;
  readonly Reason: string;
  readonly Since: string;
  /** No certificate of the key can be valid after it: then the entry goes. */
  readonly Until: string;
}

/** What {@link toWireRoots} shows. */
export interface RootsView {
  readonly trustDomain: { readonly name: string; readonly clusterId: string };
  readonly roots: readonly RootRecord[];
  readonly active: { readonly rootId: string; readonly certificate: Certificate; readonly modifyIndex: StateIndex };
  readonly retired: readonly { readonly rootId: string; readonly certificate: Certificate }[];
  /** Fingerprints of compromised roots that have left. */
  readonly taintedGone: readonly string[];
  readonly deniedKeys: readonly DeniedKey[];
  /** Subject key IDs of former intermediates whose leaves are to go. */
  readonly leavingKeyIds?: readonly string[];
}

const MASK_64 = (1n << 64n) - 1n;

/**
 * The bundle as this datacenter serves it. Active is the root that its leaves are signed under: during a rotation a
 * datacenter trusts the next root first and signs under it as soon as it has its intermediate.
 */
export const toWireRoots = ({ trustDomain, roots, active, retired, ...gone }: RootsView): WireRoots => ({
  ActiveRootID: active.rootId,
  TrustDomain: trustDomain.name,
  Roots: roots.map((root) => {
    const isActive = root.id === active.rootId;
    const signing = isActive ? active.certificate : retired.find((r) => r.rootId === root.id)?.certificate;
    const intermediates = [
      ...(isActive ? crossSignedPath(root, roots) : []),
      ...(signing === undefined ? [] : [signing]),
    ].map((certificate) => certificate.pem);
    return {
      ID: root.id,
      Name: root.name,
      SerialNumber: root.certificate.serialNumber & MASK_64,
      SigningKeyID: (signing ?? root.certificate).subjectKeyId ?? '',
      ExternalTrustDomain: trustDomain.clusterId,
      NotBefore: goTime(root.certificate.notBefore),
      NotAfter: goTime(root.certificate.notAfter),
      RootCert: root.certificate.pem,
      IntermediateCerts: intermediates.length === 0 ? null : intermediates,
      Active: isActive,
      ...(root.taintedAt !== undefined && { Tainted: true as const }),
      PrivateKeyType: root.privateKeyType,
      PrivateKeyBits: root.privateKeyBits,
      CreateIndex: root.createIndex,
      ModifyIndex: (isActive ? Math.max(root.modifyIndex, active.modifyIndex) : root.modifyIndex) as StateIndex,
    };
  }),
  ...(gone.taintedGone.length > 0 && { TaintedRoots: gone.taintedGone }),
  ...(gone.deniedKeys.length > 0 && { DeniedKeys: gone.deniedKeys.map(wireDeniedKey) }),
  ...(gone.leavingKeyIds !== undefined && gone.leavingKeyIds.length > 0 && { LeavingKeys: gone.leavingKeyIds }),
});

const wireDeniedKey = ({ keyFingerprint, reason, since, endsAt }: DeniedKey): WireDeniedKey => ({
  KeySHA256: keyFingerprint,
  Reason: reason,
  Since: new Date(since).toISOString(),
  Until: goTime(endsAt),
});

/** RFC 3339 in UTC without a fraction, as certificates have whole seconds. */
const goTime = (moment: number): string => new Date(moment).toISOString().replace('.000Z', 'Z');
