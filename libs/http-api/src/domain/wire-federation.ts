import type { EpochMs } from '@banyan/kernel';
import type { CanaryView } from '../ports/replication-desk.js';
import type { DatacenterEntry, FederatedIntermediate, FederationView } from '../ports/federation-directory.js';
import { lifeUsed } from './life-used.js';

const time = (at: EpochMs): string => new Date(at).toISOString();

/** An intermediate as several routes show it. */
export const wireIntermediate = (
  { serialHex, keyId, notBefore, notAfter }: FederatedIntermediate,
  now: EpochMs,
): object => ({
  SerialNumber: serialHex,
  KeyID: keyId,
  NotBefore: time(notBefore),
  NotAfter: time(notAfter),
  LifeUsed: lifeUsed({ notBefore, notAfter }, now),
});

const wireCanary = ({ state, roundTripMs, objectiveMs }: CanaryView): object => ({
  State: state,
  RoundTripMs: roundTripMs ?? null,
  ObjectiveMs: objectiveMs,
});

const wireDatacenter = (entry: DatacenterEntry, now: EpochMs): object => {
  const { standing, lag, canary, link } = entry;
  const agents = standing?.agents ?? { total: 0, live: 0, versions: {} };
  return {
    Name: entry.name,
    Role: entry.role,
    State: entry.state,
    Reason: entry.reason,
    WANAddresses: entry.wanAddresses,
    Link: { State: link.state, LastContactMs: link.lastContactMs ?? null },
    LagIndex: lag?.index ?? null,
    LagSeconds: lag?.ms === undefined ? null : Math.round(lag.ms / 100) / 10,
    Canary: canary === undefined ? null : wireCanary(canary),
    ReportedAt: entry.reportedAt === undefined ? null : time(entry.reportedAt),
    Servers: (standing?.servers ?? []).map(({ id, name, version, alive, leases }) => ({
      ID: id,
      Name: name,
      Version: version,
      Alive: alive,
      Leases: leases,
    })),
    Agents: { Total: agents.total, Live: agents.live, Versions: agents.versions },
    SigningRootID: standing?.signingRootId ?? '',
    Intermediate: standing?.intermediate === undefined ? null : wireIntermediate(standing.intermediate, now),
  };
};

/** `GET /v1/operator/federation`. */
export const wireFederation = (view: FederationView, now: EpochMs): object => ({
  Datacenter: view.datacenter,
  PrimaryDatacenter: view.primaryDatacenter,
  TrustDomain: view.trustDomain,
  Datacenters: view.datacenters.map((entry) => wireDatacenter(entry, now)),
});
