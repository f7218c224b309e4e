/**
 * What a token is for. Each kind has fixed rights (see `grants.ts`), the least its holder needs:
 * - `management`: everything;
 * - `operator-read`: every read, for dashboards and support;
 * - `replication`: what the servers of one secondary need from the primary. With `scopes` only those of it: a token that
 *   may follow the feed need not be one that has an intermediate signed;
 * - `agent`: what the agent of one node needs from its servers;
 * - `service`: what one workload and its sidecar need from their agent.
 */
export type Role =
  | { readonly kind: 'management' }
  | { readonly kind: 'operator-read' }
  | { readonly kind: 'replication'; readonly datacenter: string; readonly scopes?: readonly ReplicationScope[] }
  | { readonly kind: 'agent'; readonly node: string }
  | { readonly kind: 'service'; readonly service: string };

/** What a replication token may be limited to. */
export type ReplicationScope = 'replication:read' | 'ca:sign-intermediate';

/** Who makes a request. No role: the anonymous caller, who has no permission at all. */
export interface Caller {
  readonly accessorId: string;
  readonly role?: Role;
  readonly description: string;
}

/** The accessor of requests that carry no token (contract §0.5). */
export const ANONYMOUS_ACCESSOR_ID = '00000000-0000-0000-0000-000000000002';

/** The caller of a request that carries no token. */
export const ANONYMOUS: Caller = Object.freeze({ accessorId: ANONYMOUS_ACCESSOR_ID, description: 'Anonymous Token' });
