/**
 * Share of the signing budget that a re-issue may take: the rest stays for first leaves and ordinary renewals, which must
 * not wait behind it. For a compromised root nothing is kept back.
 */
const PLANNED_SHARE = 0.8;
const URGENT_SHARE = 1;
/** A re-issue is never spread wider: a rotation has to end. */
const MOST_MS = 30 * 60_000;

/** How much is to be signed anew, and how fast that may go. */
export interface ReissueLoad {
  /** Certificates that would be signed anew: live leaves of workloads, and the agents' own. */
  readonly certificates: number;
  /** Leaves per second that the CSR limits allow the datacenter, all its servers together. */
  readonly budgetPerSecond: number;
  readonly urgent: boolean;
}

/**
 * Over how many ms renewals after a change of root are spread, each agent drawing its moments evenly within it:
 * `certificates / (0.8 × budget)`, so that the rate stays at four fifths of what may be signed. 10,000 leaves at 250 per
 * second: 10,000 / 200 = 50 s; 3 leaves at 50: 75 ms. At least 0, at most 30 min.
 */
export const reissueSpreadMs = ({ certificates, budgetPerSecond, urgent }: ReissueLoad): number => {
  if (certificates <= 0) return 0;
  const perSecond = budgetPerSecond * (urgent ? URGENT_SHARE : PLANNED_SHARE);
  if (!(perSecond > 0)) return MOST_MS;
  return Math.min(MOST_MS, Math.ceil((certificates / perSecond) * 1_000));
};
