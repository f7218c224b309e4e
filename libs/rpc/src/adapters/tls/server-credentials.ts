import { BanyanError, type Clock } from '@banyan/kernel';
import { experimental, type ServerCredentials } from '@grpc/grpc-js';
import type { TlsMaterial } from '../../domain/tls-material.js';
import { type GateOptions, spiffeGate } from './spiffe-gate.js';
import { refusalByDeniedKeys } from './denied-keys.js';
import type { InboundChain, InboundChains } from './inbound-chains.js';
import { RotatingIdentity } from './rotating-identity.js';

/**
 * Server credentials that ask for a client certificate but leave it to the gate to demand one, since the Bootstrap
 * service is for peers that have none. Throws `CONFIG_INVALID` without an identity: plaintext is never served.
 */
export const serverCredentials = (
  identity: RotatingIdentity,
  gate: Omit<GateOptions, 'judge'>,
  chains: InboundChains,
): ServerCredentials => {
  if (!(identity instanceof RotatingIdentity)) {
    throw new BanyanError('CONFIG_INVALID', 'a gRPC server needs TLS material; it is never started without');
  }
  // grpc-js declares the two providers in another order than it uses them; one object that is both avoids the trap.
  const credentials = experimental.createCertificateProviderServerCredentials(identity, identity, false);
  return experimental.createServerCredentialsWithInterceptors(credentials, [
    spiffeGate({ ...gate, judge: deniedClients(identity, chains, gate.clock) }),
  ]);
};

/** Judges the chain of a connection again only when the material has changed: a key may be denied while it is open. */
const deniedClients = (identity: RotatingIdentity, chains: InboundChains, clock: Clock): GateOptions['judge'] => {
  const judged = new WeakMap<InboundChain, { readonly material: TlsMaterial; readonly refusal: string | undefined }>();
  return (call) => {
    const { material } = identity;
    if (material === undefined || (material.deniedKeys ?? []).length === 0) return undefined;
    const chain = chains.of(call);
    if (chain === undefined) return 'its chain was not seen';
    const known = judged.get(chain);
    if (known?.material === material) return known.refusal;
    const { bundlePem, deniedKeys = [] } = material;
    const { certificates: presented } = chain;
    const refusal = refusalByDeniedKeys({ presented, bundlePem, deniedKeys, usage: 'tls-client', now: clock.now() });
    judged.set(chain, { material, refusal });
    return refusal;
  };
};
