import { formatSpiffeId } from '@banyan/identity';
import { BanyanError, type Clock, isBanyanError } from '@banyan/kernel';
import { type Metadata, type ServerInterceptor, ServerInterceptingCall, ServerListenerBuilder } from '@grpc/grpc-js';
import type { PeerRule } from '../../domain/peer-rule.js';
import { statusOf } from '../wire/error-status.js';
import { readPeerCertificate, type VerifiedPeer } from './peer-certificate.js';

/** What the gate needs to decide about a call. */
export interface GateOptions {
  readonly rule: PeerRule;
  /** Full paths (`/package.Service/Method`) that need no certificate. */
  readonly openMethods: ReadonlySet<string>;
  /** Prefixes of paths that this edge serves at all. */
  readonly servedPrefixes: readonly string[];
  readonly clock: Clock;
  /** Why the chain that a call's client presented is refused, though TLS has accepted it. */
  readonly judge: (call: object) => string | undefined;
}

/** Peers by the metadata object of their call: a caller can't forge it, and it is gone with the call. */
const peers = new WeakMap<Metadata, VerifiedPeer>();

/** The peer that the gate let through. Throws `PEER_UNAUTHENTICATED` where no gate has stood: it fails closed. */
export const verifiedPeer = (metadata: Metadata): VerifiedPeer => {
  const peer = peers.get(metadata);
  if (peer === undefined) throw new BanyanError('PEER_UNAUTHENTICATED', 'the call did not pass the certificate gate');
  return peer;
};

/** Certificates already read, by SHA-256 of their bytes: a connection makes many calls with the same one. */
const KNOWN_LIMIT = 4096;

/**
 * Refuses calls before their handler runs: a method outside `openMethods` needs a client certificate that TLS has
 * verified against the bundle, that is still valid at this moment (a connection may outlive it), and whose SPIFFE ID
 * `rule` accepts. Refusals are `PEER_UNAUTHENTICATED`, `PEER_NOT_ALLOWED`, `METHOD_NOT_ALLOWED`.
 */
export const spiffeGate = (options: GateOptions): ServerInterceptor => {
  const known = new Map<string, VerifiedPeer>();
  const read = (raw: Uint8Array, fingerprint: string): VerifiedPeer => {
    const seen = known.get(fingerprint);
    if (seen !== undefined) return seen;
    const peer = readPeerCertificate(raw);
    if (known.size >= KNOWN_LIMIT) known.clear();
    known.set(fingerprint, peer);
    return peer;
  };

  return (method, call) => {
    const admitted = admit(method.path, call.getAuthContext().sslPeerCertificate, {
      ...options,
      read,
      refusal: () => options.judge(call),
    });
    return new ServerInterceptingCall(call, {
      start: (next) => {
        if (admitted instanceof BanyanError) {
          call.sendStatus(statusOf(admitted));
          return;
        }
        const listener = new ServerListenerBuilder().withOnReceiveMetadata((metadata, forward) => {
          if (admitted !== 'open') peers.set(metadata, admitted);
          forward(metadata);
        });
        next(listener.build());
      },
    });
  };
};

interface AdmitOptions extends GateOptions {
  readonly read: (raw: Uint8Array, fingerprint: string) => VerifiedPeer;
  readonly refusal: () => string | undefined;
}

const admit = (
  path: string,
  presented: { raw: Uint8Array; fingerprint256: string } | undefined,
  { rule, openMethods, servedPrefixes, clock, read, refusal: chainRefused }: AdmitOptions,
): VerifiedPeer | 'open' | BanyanError => {
  if (openMethods.has(path)) return 'open';
  if (!servedPrefixes.some((prefix) => path.startsWith(prefix))) {
    return new BanyanError('METHOD_NOT_ALLOWED', `this edge does not serve ${path}`);
  }
  if (presented === undefined) {
    return new BanyanError('PEER_UNAUTHENTICATED', 'a client certificate that chains to a trusted root is required');
  }
  try {
    const peer = read(presented.raw, presented.fingerprint256);
    if (peer.notAfter <= clock.now()) {
      return new BanyanError(
        'PEER_UNAUTHENTICATED',
        'the client certificate has expired on this connection; connect again',
      );
    }
    const denied = chainRefused();
    if (denied !== undefined) {
      return new BanyanError('PEER_UNAUTHENTICATED', `the client certificate is not trusted: ${denied}`);
    }
    const refusal = rule(peer.id);
    return refusal === undefined ? peer : new BanyanError('PEER_NOT_ALLOWED', `${formatSpiffeId(peer.id)}: ${refusal}`);
  } catch (error) {
    if (!isBanyanError(error))
      return new BanyanError('INTERNAL', 'the client certificate could not be judged', { cause: error });
    return new BanyanError('PEER_UNAUTHENTICATED', `the client certificate is refused: ${error.message}`, {
      cause: error,
    });
  }
};
