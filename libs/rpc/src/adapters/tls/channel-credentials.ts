import { BanyanError, type Clock, isBanyanError, messageOf } from '@banyan/kernel';
import { ChannelCredentials } from '@grpc/grpc-js';
import type { PeerRule } from '../../domain/peer-rule.js';
import type { TlsMaterial } from '../../domain/tls-material.js';
import { refusalByDeniedKeys } from './denied-keys.js';
import { linkedChain, type LinkedCertificate } from './inbound-chains.js';
import { readPeerCertificate, type VerifiedPeer } from './peer-certificate.js';

type Connector = ReturnType<ChannelCredentials['_createSecureConnector']>;
type ConnectorArguments = Parameters<ChannelCredentials['_createSecureConnector']>;

/** Told why a handshake failed; gRPC itself only says "unavailable". */
export type RefusalListener = (refusal: BanyanError) => void;

/** Passes everything on, and tells why a handshake failed. */
class ObservedCredentials extends ChannelCredentials {
  constructor(
    private readonly inner: ChannelCredentials,
    private readonly onRefusal: RefusalListener,
  ) {
    super();
  }

  override _isSecure(): boolean {
    return true;
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(...args: ConnectorArguments): Connector {
    const connector = this.inner._createSecureConnector(...args);
    return {
      connect: async (socket) => {
        try {
          return await connector.connect(socket);
        } catch (error) {
          const refusal = refusalOf(error);
          if (refusal !== undefined) this.onRefusal(refusal);
          throw error;
        }
      },
      waitForReady: () => connector.waitForReady(),
      getCallCredentials: () => connector.getCallCredentials(),
      destroy: () => connector.destroy(),
    };
  }
}

/** OpenSSL's verdicts on a chain, as Node spells them; everything else is the network's. */
const CHAIN_VERDICT = /CERT|SIGNATURE|UNABLE_TO|INVALID_(CA|PURPOSE)|PATH_LENGTH|HOSTNAME/;

const refusalOf = (error: unknown): BanyanError | undefined => {
  if (isBanyanError(error)) return error;
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : String(error);
  if (typeof code !== 'string' || !CHAIN_VERDICT.test(code.toUpperCase())) return undefined;
  return new BanyanError('PEER_UNAUTHENTICATED', `the server's certificate is not trusted: ${code}`, {
    cause: messageOf(error),
  });
};

/** How a client proves itself and whom it accepts. */
export interface ChannelTrust {
  /** Without a pair the client is anonymous: Bootstrap only. */
  readonly pair?: Pick<TlsMaterial, 'certChainPem' | 'keyPem'>;
  /** The only roots a server's chain may end in. */
  readonly rootsPem: string;
  /** A chain that leads to those roots by one of these keys only is refused. */
  readonly deniedKeys: readonly string[];
  readonly clock: Clock;
  readonly rule: PeerRule;
  readonly onRefusal: RefusalListener;
  /** Told of the server that was accepted. */
  readonly onAccepted?: (server: VerifiedPeer) => void;
}

/**
 * Client credentials that know a server by its SPIFFE ID: Node's check of the DNS name is replaced by `rule`, the check
 * of the chain stays. Refusals are `PEER_UNAUTHENTICATED` (chain) and `PEER_NOT_ALLOWED` (identity).
 */
export const channelCredentials = (trust: ChannelTrust): ChannelCredentials => {
  const checkServerIdentity = (_host: string, certificate: LinkedCertificate): Error | undefined => {
    try {
      const server = readPeerCertificate(certificate.raw);
      const denied = deniedServer(certificate, trust);
      if (denied !== undefined) {
        return new BanyanError('PEER_UNAUTHENTICATED', `the server's certificate is not trusted: ${denied}`);
      }
      const refusal = trust.rule(server.id);
      if (refusal !== undefined) return new BanyanError('PEER_NOT_ALLOWED', `the server is refused: ${refusal}`);
      trust.onAccepted?.(server);
      return undefined;
    } catch (error) {
      return new BanyanError('PEER_UNAUTHENTICATED', `the server's certificate is refused: ${messageOf(error)}`, {
        cause: error,
      });
    }
  };
  const inner = ChannelCredentials.createSsl(
    Buffer.from(trust.rootsPem),
    trust.pair === undefined ? null : Buffer.from(trust.pair.keyPem.reveal()),
    trust.pair === undefined ? null : Buffer.from(trust.pair.certChainPem),
    { checkServerIdentity },
  );
  return new ObservedCredentials(inner, trust.onRefusal);
};

const deniedServer = (
  certificate: LinkedCertificate,
  { rootsPem: bundlePem, deniedKeys, clock }: ChannelTrust,
): string | undefined =>
  deniedKeys.length === 0
    ? undefined
    : refusalByDeniedKeys({
        presented: linkedChain(certificate),
        bundlePem,
        deniedKeys,
        usage: 'tls-server',
        now: clock.now(),
      });

/**
 * Credentials that verify nothing: only for reading public roots, which are then compared with the pin. Nothing secret
 * may be sent over such a channel.
 */
export const unverifiedCredentials = (): ChannelCredentials =>
  ChannelCredentials.createSsl(null, null, null, { rejectUnauthorized: false, checkServerIdentity: () => undefined });
