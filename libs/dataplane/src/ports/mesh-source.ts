import type { SecretText } from '@banyan/kernel';
import type { Endpoint, Sidecar, Upstream } from '../domain/sidecar.js';

/** The certificate a proxy presents, followed by its intermediates, and the key to it. */
export interface LeafMaterial {
  readonly certificatePem: string;
  readonly privateKeyPem: SecretText;
}

/** Whom a proxy trusts. */
export interface TrustMaterial {
  /** `<uuid>.consul` */
  readonly trustDomain: string;
  readonly rootPems: readonly string[];
  /** SHA-1 fingerprint (colon hex) of the root that is to stay, if the agent names one: with others beside it, peers are verified a second time against it alone. */
  readonly activeRootId?: string;
  /** IDs (SHA-1 fingerprints) of the roots among these whose key is in wrong hands: when one leaves, connections under it are cut. */
  readonly taintedRootIds?: readonly string[];
  /** SHA-256 fingerprints of such roots that have left already: whoever was away meanwhile learns it afterwards. */
  readonly taintedGone?: readonly string[];
  /** SHA-256 of the SubjectPublicKeyInfo (colon hex) of keys that nobody may believe, whoever certified them. */
  readonly deniedKeys?: readonly string[];
}

/** May the client with this verified certificate connect to `target`? */
export interface AuthorizeQuestion {
  readonly target: string;
  readonly clientCertUri: string;
  readonly clientCertSerial: string;
}

/** Whether a connection may be served, and the reason to log. */
export interface Authorization {
  readonly authorized: boolean;
  readonly reason: string;
}

/**
 * Where a proxy learns everything: its agent. Every `watch…` gives the present value first and then each change, keeps
 * trying while the agent is away, and ends (without an error) when its signal is aborted.
 */
export abstract class MeshSource {
  /** The registration of this sidecar. */
  abstract watchSidecar(signal: AbortSignal): AsyncIterable<Sidecar>;
  abstract watchLeaf(service: string, signal: AbortSignal): AsyncIterable<LeafMaterial>;
  abstract watchTrust(signal: AbortSignal): AsyncIterable<TrustMaterial>;
  /** The healthy instances of an upstream; possibly none. */
  abstract watchEndpoints(upstream: Upstream, signal: AbortSignal): AsyncIterable<readonly Endpoint[]>;
  /** Gives a value whenever the intentions for `target` may have changed. */
  abstract watchIntentions(target: string, signal: AbortSignal): AsyncIterable<void>;
  /** Throws a coded error when the agent cannot answer; a denial is an answer. */
  abstract authorize(question: AuthorizeQuestion): Promise<Authorization>;
}
