import { LAGGARD_REASONS } from '@banyan/adoption';
import { isBanyanError } from '@banyan/kernel';
import type { Metrics } from '@banyan/telemetry';
import type { DatacenterCore } from '../core/datacenter-core.js';

/** Agents of this datacenter by state, leaves by issuer, and what the second verification found. */
export const adoptionMetrics = (metrics: Metrics, core: DatacenterCore): (() => Promise<void>) => {
  const agents = metrics.gauge('banyan_agents');
  const trusting = metrics.gauge('banyan_agents_trusting');
  const behind = metrics.gauge('banyan_agents_behind');
  const leaves = metrics.gauge('banyan_leaves');
  const ledgerLeaves = metrics.gauge('banyan_ledger_leaves');
  const horizons = metrics.gauge('banyan_leaf_horizon_timestamp_seconds');
  const budget = metrics.gauge('banyan_signing_budget_per_second');
  const checked = metrics.gauge('banyan_shadow_checked_handshakes');
  const failed = metrics.gauge('banyan_shadow_failed_handshakes');
  const byKey = [trusting, behind, leaves, ledgerLeaves, horizons];
  return async () => {
    const adoption = await read(core);
    for (const gauge of byKey) gauge.reset();
    if (adoption === undefined) return;
    const { total, live, trusting: byRoot } = adoption.agents;
    agents.set({ state: 'live' }, live);
    agents.set({ state: 'silent' }, Math.max(0, total - live));
    for (const [root, count] of Object.entries(byRoot)) trusting.set({ root }, count);
    for (const reason of LAGGARD_REASONS) {
      behind.set({ reason }, adoption.laggards.filter((laggard) => laggard.reason === reason).length);
    }
    for (const [issuer, count] of Object.entries(adoption.leaves)) leaves.set({ issuer }, count);
    for (const [issuer, count] of Object.entries(adoption.ledgerLeaves)) ledgerLeaves.set({ issuer }, count);
    for (const [issuer, until] of Object.entries(adoption.horizons)) horizons.set({ issuer }, until / 1_000);
    budget.set(adoption.signing.budgetPerSecond);
    checked.set(adoption.shadow.checked);
    failed.set(adoption.shadow.failed);
  };
};

/** Undefined while the database is away, or before there is a root. */
const read = async ({ adoption }: DatacenterCore) => {
  try {
    return await adoption.read();
  } catch (error) {
    if (!isBanyanError(error, 'STORE_UNREACHABLE', 'CA_UNINITIALIZED')) throw error;
    return undefined;
  }
};
