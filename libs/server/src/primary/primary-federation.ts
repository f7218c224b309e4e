import type { DatacenterRegistry } from '@banyan/federation';
import {
  type CanaryView,
  type DatacenterEntry,
  type DatacenterStanding,
  FederationDirectory,
  type FederationView,
  type ReplicationDesk,
} from '@banyan/http-api';
import { type EpochMs, epochMs } from '@banyan/kernel';
import { z } from 'zod';
import type { DatacenterCore } from '../core/datacenter-core.js';
import { type NamedState, OwnStanding } from '../edges/own-standing.js';
import { standingSchema } from './standing-schema.js';

/** A secondary reports every 3 s: three missed ones, and the link counts as down. */
const SILENT_AFTER_MS = 10_000;

const keptReport = z.object({
  standing: standingSchema.optional().catch(undefined),
  replication: z
    .object({
      Streams: z.array(z.object({ LagIndex: z.number(), LagSeconds: z.number().nullable() })),
    })
    .optional()
    .catch(undefined),
});
type KeptReport = z.output<typeof keptReport>;

/** What {@link PrimaryFederation} needs. */
export interface PrimaryFederationParts {
  readonly core: DatacenterCore;
  readonly registry: DatacenterRegistry;
  readonly desk: ReplicationDesk;
  /** How the root and the authority of the primary itself are. */
  readonly state: () => NamedState;
}

/** The whole federation: the primary hears of every datacenter. */
export class PrimaryFederation extends FederationDirectory {
  readonly #own: OwnStanding;

  constructor(private readonly parts: PrimaryFederationParts) {
    super();
    this.#own = new OwnStanding(parts.core);
  }

  override async read(): Promise<FederationView> {
    const { core, registry, desk, state } = this.parts;
    const { canary, secondaries = [] } = await desk.view();
    const standing = await this.#own.read(state());
    const reports = await registry.reports();
    const canaries = new Map(secondaries.map((each) => [each.datacenter, each.canary]));
    const own: DatacenterEntry = {
      name: core.datacenter,
      role: 'primary',
      wanAddresses: core.membership.wanAddresses(),
      link: { state: 'self' },
      standing,
      state: standing.state,
      reason: standing.reason,
      canary,
    };
    const others = core.datacenters.names().filter((name) => name !== core.datacenter);
    return {
      datacenter: core.datacenter,
      primaryDatacenter: core.datacenter,
      trustDomain: core.ca.state.trustDomain?.name ?? '',
      datacenters: [own, ...others.map((name) => this.#secondary(name, reports.get(name), canaries.get(name)))],
    };
  }

  #secondary(
    name: string,
    told: { readonly report: unknown; readonly reportedAt: EpochMs | null } | undefined,
    canary: CanaryView | undefined,
  ): DatacenterEntry {
    const { core } = this.parts;
    const parsed = keptReport.safeParse(told?.report ?? {});
    const report: KeptReport = parsed.success ? parsed.data : {};
    const standing = report.standing as DatacenterStanding | undefined;
    const reportedAt = told?.reportedAt ?? undefined;
    const lastContactMs = reportedAt === undefined ? undefined : Math.max(0, core.ambient.clock.now() - reportedAt);
    const lag = lagOf(report);
    return {
      name,
      role: 'secondary',
      wanAddresses: (core.datacenters.find(name)?.wanAddress ?? '').split(',').filter((address) => address !== ''),
      link:
        lastContactMs === undefined
          ? { state: 'unknown' }
          : { state: lastContactMs < SILENT_AFTER_MS ? 'up' : 'down', lastContactMs },
      ...(standing !== undefined && { standing }),
      ...stateOf(standing, lastContactMs),
      ...(lag !== undefined && { lag }),
      ...(canary !== undefined && { canary }),
      ...(reportedAt !== undefined && { reportedAt: epochMs(reportedAt) }),
    };
  }
}

/** What a datacenter said is believed only while it is heard. */
const stateOf = (standing: NamedState | undefined, silentMs: number | undefined): NamedState => {
  if (silentMs === undefined)
    return { state: 'UNKNOWN', reason: 'it has its intermediate, and has reported nothing yet' };
  if (silentMs >= SILENT_AFTER_MS) {
    const last = standing === undefined ? '' : `; it last said ${standing.state}`;
    return { state: 'UNKNOWN', reason: `not heard for ${Math.round(silentMs / 1_000)} s${last}` };
  }
  if (standing === undefined)
    return { state: 'UNKNOWN', reason: 'its servers run a banyan that does not tell its state' };
  return { state: standing.state, reason: standing.reason };
};

/** The worst of its streams. */
const lagOf = ({ replication }: KeptReport): { readonly index: number; readonly ms?: number } | undefined => {
  const streams = replication?.Streams ?? [];
  if (streams.length === 0) return undefined;
  const seconds = streams.flatMap(({ LagSeconds }) => LagSeconds ?? []);
  return {
    index: Math.max(...streams.map(({ LagIndex }) => LagIndex)),
    ...(seconds.length > 0 && { ms: Math.round(Math.max(...seconds) * 1_000) }),
  };
};
