import type { CanaryView, FederationDirectory, ReplicationDesk } from '@banyan/http-api';
import { BanyanError, epochMs } from '@banyan/kernel';
import type { RotationReader } from '@banyan/rotation';
import { createMetrics } from '@banyan/telemetry';
import { describe, expect, it } from '@jest/globals';
import { federationMetrics } from '../src/edges/federation-metrics.js';
import { replicationMetrics } from '../src/edges/replication-metrics.js';
import { remainingSeconds, rotationMetrics } from '../src/edges/rotation-metrics.js';

const NOW = epochMs(1_700_000_000_000);
const now = () => NOW;

type Rotation = Parameters<typeof remainingSeconds>[0];

const rotation = (changes: object): Rotation =>
  ({
    id: 'r',
    phase: 'activate',
    health: 'running',
    gates: { activate: { blockers: [{ datacenter: 'dc2', reason: 'offline' }] } },
    startedAt: { activate: NOW - 60_000 },
    plan: {
      datacenters: [
        { datacenter: 'dc1', perSecond: 200 },
        { datacenter: 'dc2', perSecond: 50 },
      ],
    },
    datacenters: [
      {
        datacenter: 'dc1',
        agents: { total: 3, live: 3, trusting: 3 },
        leaves: { staying: 600, leaving: 400 },
        ledgerLeaves: { staying: 0, leaving: 0 },
        shadow: { failed: 0 },
      },
      {
        datacenter: 'dc2',
        agents: { total: 4, live: 3, trusting: 2 },
        leaves: { staying: 0, leaving: 90 },
        ledgerLeaves: { staying: 7, leaving: 500 },
        shadow: { failed: 5 },
      },
    ],
    ...changes,
  }) as unknown as Rotation;

const scraped = async (metrics: ReturnType<typeof createMetrics>, refresh: () => void | Promise<void>) => {
  await refresh();
  return (await metrics.text()).split('\n').filter((line) => line.startsWith('banyan_'));
};

describe('the time that a rotation has left', () => {
  it('is that of the slowest datacenter, at the rate the plan measured', () => {
    expect(remainingSeconds(rotation({}), NOW)).toBe(10);
  });

  it('is what its gate waits for by the clock, where that is longer, or no leaf moves', () => {
    const gates = {
      activate: { blockers: [], waitsUntil: NOW + 25_000 },
      verify: { blockers: [], waitsUntil: NOW + 3_000 },
    };
    expect(remainingSeconds(rotation({ gates }), NOW)).toBe(25);
    expect(remainingSeconds(rotation({ gates, phase: 'verify' }), NOW)).toBe(3);
    expect(remainingSeconds(rotation({ gates: {}, phase: 'retire' }), NOW)).toBe(0);
  });

  it('stands beside where every datacenter is, and goes with the rotation', async () => {
    const metrics = createMetrics({ process: 'server' });
    let rotations = [{ rotation: rotation({}) }];
    const reader = { list: () => rotations } as unknown as RotationReader;
    const refresh = rotationMetrics(metrics, reader, now);
    const during = await scraped(metrics, refresh);
    expect(during).toEqual(
      expect.arrayContaining([
        'banyan_rotation_phase{phase="activate"} 1',
        'banyan_rotation_phase{phase="verify"} 0',
        'banyan_rotation_health{health="running"} 1',
        `banyan_rotation_phase_started_timestamp_seconds ${(NOW - 60_000) / 1_000}`,
        'banyan_rotation_remaining_seconds 10',
        'banyan_rotation_blockers{of="dc2",reason="offline"} 1',
        'banyan_rotation_agents{of="dc2",state="trusting"} 2',
        'banyan_rotation_agents{of="dc2",state="waiting"} 1',
        'banyan_rotation_agents{of="dc2",state="silent"} 1',
        'banyan_rotation_leaves{of="dc2",state="leaving"} 500',
        'banyan_rotation_shadow_failures{of="dc2"} 5',
      ]),
    );
    rotations = [{ rotation: rotation({ finishedAt: NOW, phase: 'completed' }) }];
    const after = await scraped(metrics, refresh);
    expect(after).toContain('banyan_rotation_phase{phase="activate"} 0');
    expect(after).toContain('banyan_rotation_remaining_seconds 0');
    expect(after.filter((line) => line.includes('of="'))).toEqual([]);
  });
});

const canary = (changes: Partial<CanaryView>): CanaryView => ({
  state: 'GREEN',
  sequence: 1,
  objectiveMs: 10_000,
  ...changes,
});

describe('replication in the metrics', () => {
  it('says how every stream fares, what the token may, and how old the canary is; nothing while the database is away', async () => {
    const metrics = createMetrics({ process: 'server' });
    const stream = {
      stream: 'tokens',
      state: 'DEGRADED',
      lagMs: 1_500,
      lagIndex: 4,
      appliedIndex: 40,
      consecutiveFailures: 2,
      quarantined: 1,
    };
    let view: object | undefined = {
      datacenter: 'dc2',
      streams: [stream],
      alarms: [{ code: 'TWO_PRIMARIES' }],
      canary: canary({ state: 'LATE', answeredAt: epochMs(NOW - 20_000), roundTripMs: 250 }),
      token: { scopes: [{ scope: 'operator:write', allowed: false }] },
    };
    const desk = {
      view: () =>
        view === undefined ? Promise.reject(new BanyanError('STORE_UNREACHABLE', 'away')) : Promise.resolve(view),
    } as unknown as ReplicationDesk;
    const refresh = replicationMetrics(metrics, desk, now);
    expect(await scraped(metrics, refresh)).toEqual(
      expect.arrayContaining([
        'banyan_replication_ready{stream="tokens",state="DEGRADED"} 0',
        'banyan_replication_lag_seconds{stream="tokens"} 1.5',
        'banyan_replication_lag_index{stream="tokens"} 4',
        'banyan_replication_applied_index{stream="tokens"} 40',
        'banyan_replication_consecutive_failures{stream="tokens"} 2',
        'banyan_replication_quarantined{stream="tokens"} 1',
        'banyan_replication_alarms{code="TWO_PRIMARIES"} 1',
        'banyan_replication_alarms{code="CANARY_LATE"} 0',
        'banyan_replication_token_allowed{scope="operator:write"} 0',
        'banyan_canary_green{of="dc2"} 0',
        'banyan_canary_age_seconds{of="dc2"} 20',
        'banyan_canary_round_trip_seconds{of="dc2"} 0.25',
        'banyan_canary_objective_seconds 10',
      ]),
    );
    view = undefined;
    const away = await scraped(metrics, refresh);
    expect(away.filter((line) => line.includes('stream=') || line.includes('of='))).toEqual([]);
  });
});

describe('the federation in the metrics', () => {
  it('has every datacenter with its state, and this one with its servers and versions', async () => {
    const metrics = createMetrics({ process: 'server' });
    const certificate = { notBefore: epochMs(NOW - 3_000), notAfter: epochMs(NOW + 1_000) };
    const own = {
      name: 'dc1',
      state: 'READY',
      link: { state: 'self' },
      standing: {
        agents: { total: 3, live: 2, versions: { '0.1.0': 2 } },
        servers: [{ alive: true }, { alive: false }],
        intermediate: certificate,
      },
    };
    const other = {
      name: 'dc2',
      state: 'WAITING_PRIMARY',
      link: { state: 'down', lastContactMs: 90_000 },
      lag: { index: 3, ms: 4_000 },
    };
    const directory = { read: () => Promise.resolve({ datacenters: [own, other] }) } as unknown as FederationDirectory;
    expect(await scraped(metrics, federationMetrics(metrics, directory, now))).toEqual(
      expect.arrayContaining([
        'banyan_datacenter_ready{of="dc1",state="READY"} 1',
        'banyan_datacenter_ready{of="dc2",state="WAITING_PRIMARY"} 0',
        'banyan_datacenter_link_up{of="dc2"} 0',
        'banyan_datacenter_contact_age_seconds{of="dc2"} 90',
        'banyan_datacenter_lag_seconds{of="dc2"} 4',
        'banyan_datacenter_intermediate_life_used_ratio{of="dc1"} 0.75',
        'banyan_datacenter_agents{of="dc1",state="live"} 2',
        'banyan_datacenter_agents{of="dc1",state="silent"} 1',
        'banyan_agents_by_version{version="0.1.0"} 2',
        'banyan_servers{state="alive"} 1',
        'banyan_servers{state="silent"} 1',
      ]),
    );
  });
});
