/**
 * What can be registered, in the one form that is hashed, stored and answered (contract §5.4): members in capitals,
 * every default filled in, optional members absent when they are not set. Nothing here depends on a datacenter.
 */
export interface ServiceInstance {
  /** Absent for an ordinary service. */
  readonly Kind?: ServiceKind;
  /** Unique on its node. */
  readonly ID: string;
  /** The service's name. */
  readonly Service: string;
  readonly Tags: readonly string[];
  readonly Meta: Readonly<Record<string, string>>;
  /** TCP port, 0 when there is none. */
  readonly Port: number;
  /** Empty: the node's address. */
  readonly Address: string;
  readonly SocketPath?: string;
  readonly TaggedAddresses?: Readonly<Record<string, ServiceAddress>>;
  readonly Weights: Weights;
  readonly EnableTagOverride: boolean;
  /** Proxies and gateways only. */
  readonly Proxy?: Proxy;
  /** Only for services that speak mutual TLS themselves. */
  readonly Connect?: { readonly Native: true };
}

export const SERVICE_KINDS = [
  'connect-proxy',
  'mesh-gateway',
  'terminating-gateway',
  'ingress-gateway',
  'api-gateway',
] as const;
export type ServiceKind = (typeof SERVICE_KINDS)[number];

export interface ServiceAddress {
  readonly Address: string;
  readonly Port: number;
}

export interface Weights {
  readonly Passing: number;
  readonly Warning: number;
}

/** How a proxy serves its destination, and whom it calls for it. */
export interface Proxy {
  readonly DestinationServiceName?: string;
  readonly DestinationServiceID?: string;
  readonly LocalServiceAddress?: string;
  readonly LocalServicePort?: number;
  readonly LocalServiceSocketPath?: string;
  readonly Mode: string;
  readonly Config?: OpaqueConfig;
  readonly MeshGateway: MeshGatewayMode;
  readonly Expose: OpaqueConfig;
  readonly Upstreams?: readonly Upstream[];
}

/** Settings that banyan carries and does not read: JSON, bounded by the size of the body. */
export type OpaqueConfig = Readonly<Record<string, unknown>>;

export interface MeshGatewayMode {
  readonly Mode?: string;
}

/** A service that a proxy's local service calls through a port of its own. */
export interface Upstream {
  readonly DestinationType: 'service' | 'prepared_query';
  readonly DestinationName: string;
  /** Absent: the datacenter of the proxy. */
  readonly Datacenter?: string;
  /** Absent: 127.0.0.1. */
  readonly LocalBindAddress?: string;
  readonly LocalBindPort?: number;
  readonly LocalBindSocketPath?: string;
  readonly LocalBindSocketMode?: string;
  readonly Config?: OpaqueConfig;
  readonly MeshGateway: MeshGatewayMode;
}
