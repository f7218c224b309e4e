/** A service this sidecar reaches for its workload, and the local address the workload uses for it. */
export interface Upstream {
  readonly destination: string;
  readonly datacenter: string;
  readonly bindAddress: string;
  readonly bindPort: number;
}

/** What one sidecar proxy does, as registered with the agent. */
export interface Sidecar {
  readonly proxyId: string;
  /** The name of the service the sidecar stands for; its leaf carries it. */
  readonly service: string;
  readonly datacenter: string;
  /** Where other sidecars connect to, with mutual TLS. */
  readonly bindAddress: string;
  readonly bindPort: number;
  /** Where the workload listens, in plain TCP. */
  readonly localAddress: string;
  readonly localPort: number;
  readonly upstreams: readonly Upstream[];
}

/** Where one instance of an upstream can be reached. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
  readonly datacenter: string;
}

/** Two upstreams with the same key are served by the same listener. */
export const upstreamKey = (upstream: Upstream): string =>
  `${upstream.bindAddress}|${upstream.bindPort}|${upstream.datacenter}|${upstream.destination}`;
