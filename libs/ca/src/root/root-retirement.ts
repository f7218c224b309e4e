import type { Clock, Logger } from '@banyan/kernel';
import type { Fence, Store } from '@banyan/store';
import type { ChangeFollower } from '@banyan/watch';
import { readAuthorityReport } from '../adapters/authority-report.js';
import type { CaProjection } from '../adapters/ca-projection.js';
import { RootAuthorityRow } from '../adapters/ca-rows.js';
import { deleteRoot, rootHash } from '../adapters/root-writes.js';
import { keepTransition, successorOf } from './root-transitions.js';
import { type AuthorityReport, mayRetire } from '../domain/root-retirement.js';
import type { AuthorityReports } from '../ports/authority-reports.js';

export interface RootRetirementOptions {
  readonly datacenter: string;
  readonly store: Store;
  readonly follower: ChangeFollower;
  readonly projection: CaProjection;
  readonly reports: AuthorityReports;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Takes rotated-out roots from the bundle, and destroys their keys, once nothing lives under them any more. */
export class RootRetirement {
  constructor(private readonly options: RootRetirementOptions) {}

  /**
   * One look at every inactive root, the earliest first; returns why each that stays must stay, by root ID. Roots leave in
   * the order in which they came: the cross-signed path to an earlier root leads through the later ones.
   */
  async sweep(fence: Fence): Promise<ReadonlyMap<string, string>> {
    const { projection, clock, store, follower, logger } = this.options;
    const blockers = new Map<string, string>();
    const inactive = projection.state.roots.filter((root) => root.state === 'inactive');
    if (inactive.length === 0) return blockers;
    const reports = await this.#reports();
    for (const root of inactive) {
      const verdict = mayRetire({ rootId: root.id, rotatedOutAt: root.rotatedOutAt!, reports, now: clock.now() });
      const [earlier] = blockers.keys();
      if (!verdict.allowed || earlier !== undefined) {
        blockers.set(root.id, verdict.allowed ? `the earlier root ${earlier} is still in the bundle` : verdict.blocker);
        continue;
      }
      const { index } = await store.run(
        async (tx) => {
          const row = await tx.manager.findOne(RootAuthorityRow, { where: { id: root.id, state: 'inactive' } });
          if (row === null) return;
          const next = successorOf(row, await tx.manager.find(RootAuthorityRow));
          if (next !== undefined) await keepTransition(tx, row, next);
          tx.stage(deleteRoot(row.id, rootHash(row)));
        },
        { fence },
      );
      await follower.reached(index, { limitMs: 10_000 });
      logger.info('root retired', { root: root.id, generation: root.generation });
    }
    return blockers;
  }

  async #reports(): Promise<Map<string, AuthorityReport | undefined>> {
    const { datacenter, store, clock, reports } = this.options;
    const all = new Map(await reports.all());
    all.set(datacenter, await readAuthorityReport(store, datacenter, clock.now()));
    return all;
  }
}
