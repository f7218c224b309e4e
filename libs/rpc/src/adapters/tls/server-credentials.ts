import { BanyanError } from '@banyan/kernel';
import { experimental, type ServerCredentials } from '@grpc/grpc-js';
import { type GateOptions, spiffeGate } from './spiffe-gate.js';
import { RotatingIdentity } from './rotating-identity.js';

/**
 * Server credentials that ask for a client certificate but leave it to the gate to demand one, since the Bootstrap
 * service is for peers that have none. Throws `CONFIG_INVALID` without an identity: plaintext is never served.
 */
export const serverCredentials = (identity: RotatingIdentity, gate: GateOptions): ServerCredentials => {
  if (!(identity instanceof RotatingIdentity)) {
    throw new BanyanError('CONFIG_INVALID', 'a gRPC server needs TLS material; it is never started without');
  }
  // grpc-js declares the two providers in another order than it uses them; one object that is both avoids the trap.
  const credentials = experimental.createCertificateProviderServerCredentials(identity, identity, false);
  return experimental.createServerCredentialsWithInterceptors(credentials, [spiffeGate(gate)]);
};
