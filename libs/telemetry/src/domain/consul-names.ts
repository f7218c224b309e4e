import type { METRICS } from './metric-catalogue.js';

/** A metric under the name that Consul's users have alerts on. */
export interface ConsulName {
  readonly name: string;
  readonly help: string;
  readonly from: keyof typeof METRICS;
  /** `seconds-left`: Consul says how long until a moment, we say when the moment is. */
  readonly value: 'same' | 'seconds-left';
  /** Only the samples with these labels. */
  readonly where?: Readonly<Record<string, string>>;
}

const STREAMS = { acl_tokens: 'tokens', config_entries: 'intentions' } as const;

const replicationNames = (): ConsulName[] =>
  Object.entries(STREAMS).flatMap(([consul, stream]): ConsulName[] => [
    {
      name: `consul_leader_replication_${consul}_status`,
      help: `1 while the stream ${stream} is READY in this secondary, else 0.`,
      from: 'banyan_replication_ready',
      value: 'same',
      where: { stream },
    },
    {
      name: `consul_leader_replication_${consul}_index`,
      help: `Index of the primary up to which the stream ${stream} is applied.`,
      from: 'banyan_replication_applied_index',
      value: 'same',
      where: { stream },
    },
  ]);

/**
 * What `BANYAN_METRICS_CONSUL_NAMES` adds. Only names whose meaning is the same here; times are seconds from now, as
 * Consul has them. Source: Consul's agent telemetry reference, with dots as underscores.
 */
export const CONSUL_NAMES: readonly ConsulName[] = [
  {
    name: 'consul_mesh_active_root_ca_expiry',
    help: 'Seconds until the active root ends.',
    from: 'banyan_ca_root_expiry_timestamp_seconds',
    value: 'seconds-left',
  },
  {
    name: 'consul_mesh_active_signing_ca_expiry',
    help: 'Seconds until the intermediate of this datacenter ends.',
    from: 'banyan_ca_intermediate_expiry_timestamp_seconds',
    value: 'seconds-left',
  },
  {
    name: 'consul_agent_tls_cert_expiry',
    help: 'Seconds until the certificate of this process itself ends.',
    from: 'banyan_identity_expiry_timestamp_seconds',
    value: 'seconds-left',
  },
  {
    name: 'consul_leaf_certs_cert_expiry',
    help: 'Seconds until the first of this agent’s leaves ends; one sample, without the labels of Consul.',
    from: 'banyan_leaf_expiry_timestamp_seconds',
    value: 'seconds-left',
  },
  {
    name: 'consul_server_isLeader',
    help: '1 on the server that holds the lease of its datacenter.',
    from: 'banyan_lease_held',
    value: 'same',
  },
  {
    name: 'consul_rpc_queries_blocking',
    help: 'Blocking queries that are waiting.',
    from: 'banyan_watches',
    value: 'same',
  },
  {
    name: 'consul_cache_entries_count',
    help: 'Reads that this agent follows.',
    from: 'banyan_cache_entries',
    value: 'same',
  },
  ...replicationNames(),
];
