import type { DurationMs } from '@banyan/kernel';

export const CHECK_STATUSES = ['passing', 'warning', 'critical'] as const;
export type CheckStatus = (typeof CHECK_STATUSES)[number];

/** The check that says whether a node's agent is heard: kept by the servers, not by the agent. */
export const NODE_ALIVE_CHECK_ID = 'serfHealth';

/** How an agent finds out a check's status. */
export type Probe =
  | { readonly kind: 'ttl'; readonly ttlMs: DurationMs }
  | {
      readonly kind: 'http';
      readonly url: string;
      readonly method: string;
      readonly headers: Readonly<Record<string, readonly string[]>>;
      readonly body: string;
      readonly skipTlsVerify: boolean;
      readonly intervalMs: DurationMs;
      readonly timeoutMs: DurationMs;
    }
  | { readonly kind: 'tcp'; readonly address: string; readonly intervalMs: DurationMs; readonly timeoutMs: DurationMs }
  | { readonly kind: 'alias'; readonly serviceId: string };

/** A check as an agent runs it. */
export interface CheckDefinition {
  readonly checkId: string;
  readonly name: string;
  readonly notes: string;
  /** Empty: the check is about the node. */
  readonly serviceId: string;
  /** What it is before the first result. */
  readonly initialStatus: CheckStatus;
  readonly probe: Probe;
  /** Consecutive good results before it turns passing; 0 = the first one. */
  readonly successBeforePassing: number;
  /** Consecutive bad results before it turns critical; 0 = the first one. */
  readonly failuresBeforeCritical: number;
  /** Deregister the service once the check was critical for so long. Absent: never. */
  readonly deregisterAfterMs?: DurationMs;
}

/** A check's state in the catalog, in the form it is hashed, stored and (with its service's names) answered. */
export interface CheckState {
  readonly CheckID: string;
  readonly Name: string;
  readonly Status: CheckStatus;
  readonly Notes: string;
  readonly Output: string;
  /** Empty: the check is about the node. */
  readonly ServiceID: string;
  readonly Type: string;
  /** Go durations, as they are answered. */
  readonly Interval: string;
  readonly Timeout: string;
}

/** Longest output the catalog keeps, in characters (Consul's own default: 4 KiB). */
export const MAX_OUTPUT_LENGTH = 4_096;
