import type { EpochMs } from '@banyan/kernel';

/** Why a certificate was asked for. It is for people to read: nothing is decided by it. */
const ISSUANCE_REASONS = ['first', 'renewal', 'rotation', 'taint'] as const;
/** One of the reasons of {@link Requester}: first of its kind, at its time, with another root, or in place of a compromised one. */
export type IssuanceReason = (typeof ISSUANCE_REASONS)[number];

/** What an agent says of itself; one of an earlier version says nothing, and that counts as `first`. */
export const issuanceReason = (text: string | undefined): IssuanceReason =>
  ISSUANCE_REASONS.find((reason) => reason === text) ?? 'first';

/** Who asked for a certificate. */
export interface Requester {
  /** Accessor ID of the token that allowed it; empty where a certificate did (a server, an agent that renews). */
  readonly accessorId: string;
  /** The node it was asked from: the agent's, or the name of the server that asks for itself. */
  readonly node: string;
  readonly reason: IssuanceReason;
}

/** What is recorded of a certificate. Everything in it can be told before the certificate is signed, but for a root's ID. */
export interface Issuance {
  /** `service`, `agent` and `server` are leaves. */
  readonly kind: 'service' | 'agent' | 'server' | 'intermediate' | 'root' | 'cross-signed';
  /** `ab:cd:…` */
  readonly serialHex: string;
  /** The one SPIFFE ID. */
  readonly uri: string;
  /** The name it is for: a service, an agent's node, the datacenter of a server or an intermediate, a root's ID. */
  readonly subject: string;
  /** Subject key identifier of the key that signs, `ab:cd:…`. */
  readonly issuerKeyId: string;
  /** The root above it. Of a cross-signed certificate: the root that vouches. */
  readonly rootId: string;
  readonly requester: Requester;
  readonly notBefore: EpochMs;
  readonly notAfter: EpochMs;
  readonly issuedAt: EpochMs;
}
