import type { EpochMs } from '@banyan/kernel';

/** What a datacenter says about its signing: which root it signs under now, and until when its older leaves live. */
export interface AuthorityReport {
  readonly datacenter: string;
  /** The root above the signing authority in use; absent before the first one. */
  readonly signingRootId?: string;
  /** For each root that leaves of this datacenter were signed under: the latest end of any of them. */
  readonly horizons: Readonly<Record<string, EpochMs>>;
  /** When the datacenter looked. */
  readonly reportedAt: EpochMs;
}

export interface RetirementSituation {
  readonly rootId: string;
  readonly rotatedOutAt: EpochMs;
  /** Every datacenter of the federation; `undefined` for one that has not reported yet. */
  readonly reports: ReadonlyMap<string, AuthorityReport | undefined>;
  readonly now: EpochMs;
}

export type Retirement = { readonly allowed: true } | { readonly allowed: false; readonly blocker: string };

/**
 * Whether a rotated-out root may leave the bundle: every datacenter has, since the rotation, reported that it signs under
 * another root, and every leaf it signed under this one has ended. The blocker is named. (Trust algebra (c).)
 */
export const mayRetire = ({ rootId, rotatedOutAt, reports, now }: RetirementSituation): Retirement => {
  for (const [datacenter, report] of reports) {
    if (report === undefined || report.reportedAt <= rotatedOutAt) {
      return { allowed: false, blocker: `datacenter ${datacenter} has not reported since the rotation` };
    }
    if (report.signingRootId === undefined || report.signingRootId === rootId) {
      return { allowed: false, blocker: `datacenter ${datacenter} still signs under it` };
    }
    const horizon = report.horizons[rootId];
    if (horizon !== undefined && horizon > now) {
      return {
        allowed: false,
        blocker: `datacenter ${datacenter} has leaves under it until ${new Date(horizon).toISOString()}`,
      };
    }
  }
  return { allowed: true };
};
