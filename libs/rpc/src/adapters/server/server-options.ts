import type { Clock } from '@banyan/kernel';
import { type GrpcOptions, Transport } from '@nestjs/microservices';
import { MESSAGE_LIMIT_BYTES } from '../../domain/messages/bounds.js';
import type { PeerRule } from '../../domain/peer-rule.js';
import { InboundChains } from '../tls/inbound-chains.js';
import type { RotatingIdentity } from '../tls/rotating-identity.js';
import { serverCredentials } from '../tls/server-credentials.js';
import { PACKAGE_DEFINITION, SERVICE } from '../wire/proto.js';

/** One of the two gRPC edges of a server. */
export interface RpcEdgeOptions {
  readonly edge: 'lan' | 'wan';
  /** host:port to listen at. */
  readonly url: string;
  readonly identity: RotatingIdentity;
  /** `lanPeers(…)` or `wanPeers(…)`. */
  readonly rule: PeerRule;
  readonly clock: Clock;
}

/** What each edge serves: packages for Nest, prefixes and open methods for the gate. */
const EDGES = {
  lan: {
    packages: ['banyan.bootstrap.v1', 'banyan.lan.v1'],
    served: `/${SERVICE.lan}/`,
    open: [`/${SERVICE.bootstrap}/Roots`, `/${SERVICE.bootstrap}/EnrolAgent`],
  },
  wan: {
    packages: ['banyan.bootstrap.v1', 'banyan.wan.v1'],
    served: `/${SERVICE.wan}/`,
    open: [`/${SERVICE.bootstrap}/Roots`, `/${SERVICE.bootstrap}/SignIntermediate`],
  },
} as const;

/** Half a minute between pings: 2 s / 1 s was measured to drop busy peers. */
const KEEPALIVE = { keepaliveTimeMs: 25_000, keepaliveTimeoutMs: 10_000, keepalivePermitWithoutCalls: 1 } as const;

/**
 * A connection takes no new calls after 10 minutes; the client opens the next one with its present certificate and is
 * judged by the present bundle. Streams that are open go on.
 */
const CONNECTION_AGE_MS = 10 * 60_000;

/**
 * The options of `app.connectMicroservice(…)` or `NestFactory.createMicroservice(…)` for one edge. Nest looks handlers up
 * by service and method among all controllers of the process, so the `package` option (and, once more, the gate) is what
 * keeps one edge's methods off the other. Throws `CONFIG_INVALID` without TLS material.
 */
export const rpcEdge = ({ edge, url, identity, rule, clock }: RpcEdgeOptions): GrpcOptions => {
  const { packages, served, open } = EDGES[edge];
  const chains = new InboundChains();
  const gate = { rule, clock, openMethods: new Set(open), servedPrefixes: [served] };
  return {
    transport: Transport.GRPC,
    options: {
      url,
      package: [...packages],
      packageDefinition: PACKAGE_DEFINITION,
      credentials: serverCredentials(identity, gate, chains),
      // Where Nest shows the server: it is bound, and serves nothing yet.
      onLoadPackageDefinition: (_definition, server) => chains.watchServersOf(server),
      keepalive: KEEPALIVE,
      maxReceiveMessageLength: MESSAGE_LIMIT_BYTES,
      maxSendMessageLength: MESSAGE_LIMIT_BYTES,
      channelOptions: { 'grpc.max_connection_age_ms': CONNECTION_AGE_MS, 'grpc.max_concurrent_streams': 1_000 },
    },
  };
};
