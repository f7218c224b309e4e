import type { DatacenterEntry, FederationDirectory, FederationView } from '@banyan/http-api';
import { type EpochMs, isBanyanError } from '@banyan/kernel';
import { lifeUsedRatio, type Metrics } from '@banyan/telemetry';

/** The datacenters as this server knows them (the primary all, a secondary itself and its primary), and its own servers. */
export const federationMetrics = (
  metrics: Metrics,
  directory: FederationDirectory,
  now: () => EpochMs,
): (() => Promise<void>) => {
  const ready = metrics.gauge('banyan_datacenter_ready');
  const linkUp = metrics.gauge('banyan_datacenter_link_up');
  const contact = metrics.gauge('banyan_datacenter_contact_age_seconds');
  const lag = metrics.gauge('banyan_datacenter_lag_seconds');
  const life = metrics.gauge('banyan_datacenter_intermediate_life_used_ratio');
  const agents = metrics.gauge('banyan_datacenter_agents');
  const versions = metrics.gauge('banyan_agents_by_version');
  const servers = metrics.gauge('banyan_servers');
  const all = [ready, linkUp, contact, lag, life, agents, versions];
  const show = ({ name: of, state, link, lag: behind, standing }: DatacenterEntry): void => {
    ready.set({ of, state }, state === 'READY' ? 1 : 0);
    if (link.state === 'up' || link.state === 'down') linkUp.set({ of }, link.state === 'up' ? 1 : 0);
    if (link.lastContactMs !== undefined) contact.set({ of }, link.lastContactMs / 1_000);
    if (behind?.ms !== undefined) lag.set({ of }, behind.ms / 1_000);
    if (standing === undefined) return;
    const { live, total } = standing.agents;
    agents.set({ of, state: 'live' }, live);
    agents.set({ of, state: 'silent' }, Math.max(0, total - live));
    if (standing.intermediate !== undefined) life.set({ of }, lifeUsedRatio(standing.intermediate, now()));
    if (link.state !== 'self') return;
    for (const [version, count] of Object.entries(standing.agents.versions)) versions.set({ version }, count);
    const alive = standing.servers.filter((server) => server.alive).length;
    servers.set({ state: 'alive' }, alive);
    servers.set({ state: 'silent' }, standing.servers.length - alive);
  };
  return async () => {
    const view = await read(directory);
    for (const gauge of all) gauge.reset();
    view?.datacenters.forEach(show);
  };
};

/** Undefined while the database is away, or before there is a trust domain. */
const read = async (directory: FederationDirectory): Promise<FederationView | undefined> => {
  try {
    return await directory.read();
  } catch (error) {
    if (!isBanyanError(error, 'STORE_UNREACHABLE', 'CA_UNINITIALIZED')) throw error;
    return undefined;
  }
};
