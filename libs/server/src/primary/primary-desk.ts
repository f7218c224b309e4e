import type { WriteContext } from '@banyan/acl';
import type { DatacenterRegistry } from '@banyan/federation';
import {
  type CanaryView,
  type ReplicationAlarm,
  ReplicationDesk,
  type ReplicationView,
  type ReportedReplication,
  type TokenCheck,
} from '@banyan/http-api';
import { BanyanError, epochMs } from '@banyan/kernel';
import type { SourceHistory } from '@banyan/replication';
import { z } from 'zod';
import type { DatacenterCore } from '../core/datacenter-core.js';
import { viewCanary } from '../edges/canary-view.js';
import { RETURNED_ROOTS, type RootReturns } from './root-returns.js';

/** What {@link PrimaryDesk} needs. */
export interface PrimaryDeskParts {
  readonly core: DatacenterCore;
  readonly registry: DatacenterRegistry;
  readonly history: SourceHistory;
  readonly returns: RootReturns;
}

const keptReport = z.object({
  replication: z.json().optional(),
  canary: z.object({ sequence: z.number(), writtenAt: z.number() }).optional(),
  roundTripMs: z.number().optional(),
});

/** Replication as the primary sees it: what every secondary told last, and alarms of its own. */
export class PrimaryDesk extends ReplicationDesk {
  constructor(private readonly parts: PrimaryDeskParts) {
    super();
  }

  override async view(): Promise<ReplicationView> {
    const { core, history, returns } = this.parts;
    const alarms: ReplicationAlarm[] = [history.alarm, returns.alarm].filter((alarm) => alarm !== undefined);
    const canary = core.intentions.canary();
    const now = core.ambient.clock.now();
    const knowledge = { canary, answeredAt: canary?.writtenAt, roundTripMs: canary === undefined ? undefined : 0 };
    return {
      datacenter: core.datacenter,
      role: 'primary',
      source: '',
      state: 'READY',
      reason: '',
      server: core.settings.BANYAN_NODE_NAME,
      ageMs: 0,
      streams: [],
      holds: [],
      quarantine: [],
      alarms,
      canary: viewCanary(knowledge, core.settings.BANYAN_CANARY_OBJECTIVE, now),
      secondaries: await this.#secondaries(),
    };
  }

  override async confirm(context: WriteContext, stream: string, hash: string): Promise<{ readonly deleted: number }> {
    if (stream !== RETURNED_ROOTS) {
      throw new BanyanError(
        'REPLICATION_STREAM_UNKNOWN',
        `the primary follows nobody; it can confirm ${RETURNED_ROOTS} only`,
      );
    }
    const count = await this.parts.returns.confirm(hash);
    this.parts.core.ambient.logger.warn('lost roots taken back by hand', {
      accessorId: context.accessorId,
      count,
      hash,
    });
    return { deleted: 0 };
  }

  override adopt(): Promise<void> {
    return Promise.reject(new BanyanError('REPLICATION_DIFF_STALE', 'the primary joins nobody'));
  }

  override useToken(): Promise<TokenCheck> {
    return Promise.reject(
      new BanyanError(
        'REQUEST_INVALID',
        'the primary needs no replication token: give it to a server of the secondary',
      ),
    );
  }

  override async renewEpoch(context: WriteContext): Promise<void> {
    const { store, ambient } = this.parts.core;
    const before = store.epoch;
    // By hand means after a restore: what the secondaries know of lost roots is taken back then, too.
    await store.renewEpoch({ reason: 'restored' });
    ambient.logger.warn('a new epoch was begun by hand', {
      accessorId: context.accessorId,
      before,
      epoch: store.epoch,
    });
  }

  async #secondaries(): Promise<ReportedReplication[]> {
    const { core, registry } = this.parts;
    const found: ReportedReplication[] = [];
    for (const [name, { report, reportedAt }] of await registry.reports()) {
      if (name === core.datacenter) continue;
      const parsed = keptReport.safeParse(report ?? {});
      const kept = parsed.success ? parsed.data : {};
      found.push({
        datacenter: name,
        ...(reportedAt !== null && { reportedAt, ageMs: Math.max(0, core.ambient.clock.now() - reportedAt) }),
        replication: kept.replication ?? null,
        canary: this.#canaryOf(kept, reportedAt),
      });
    }
    return found;
  }

  #canaryOf(kept: z.output<typeof keptReport>, reportedAt: number | null): CanaryView {
    const { ambient, settings } = this.parts.core;
    const { canary, roundTripMs } = kept;
    const knowledge = {
      canary: canary && { sequence: canary.sequence, writtenAt: epochMs(canary.writtenAt) },
      answeredAt: canary === undefined || reportedAt === null ? undefined : epochMs(reportedAt),
      roundTripMs,
    };
    return viewCanary(knowledge, settings.BANYAN_CANARY_OBJECTIVE, ambient.clock.now());
  }
}
