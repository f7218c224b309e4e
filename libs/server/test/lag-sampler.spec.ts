import type { ReplicationView } from '@banyan/http-api';
import { epochMs, durationMs, type JsonValue, stateIndex } from '@banyan/kernel';
import type { StreamStatus } from '@banyan/replication';
import { describe, expect, it } from '@jest/globals';
import { samplesOf } from '../src/edges/lag-sampler.js';

const NOW = epochMs(Date.UTC(2031, 0, 1));

const stream = (name: string): StreamStatus => ({
  stream: name,
  state: 'READY',
  reason: '',
  appliedIndex: stateIndex(5),
  sourceIndex: stateIndex(7),
  changedIndex: stateIndex(5),
  lagIndex: 2,
  lagMs: 300,
  consecutiveFailures: 0,
  items: 1,
  quarantined: 0,
});

const canary = { state: 'GREEN', sequence: 3, roundTripMs: 40, objectiveMs: durationMs(10_000) } as const;

const view = (change: Partial<ReplicationView>): ReplicationView => ({
  datacenter: 'dc2',
  role: 'secondary',
  source: 'dc1',
  state: 'READY',
  reason: '',
  server: 'server-1',
  ageMs: 0,
  streams: [],
  holds: [],
  quarantine: [],
  alarms: [],
  canary,
  ...change,
});

const reportedAgo = (agoMs: number, replication: JsonValue) => ({
  datacenter: 'dc3',
  reportedAt: epochMs(NOW - agoMs),
  replication,
  canary,
});

const told = { Streams: [{ Stream: 'tokens', State: 'READY', LagIndex: 1, LagSeconds: 0.5 }] };

describe('samplesOf', () => {
  it('takes a secondary’s own streams, with the round trip of the canary', () => {
    expect(samplesOf(view({ streams: [stream('tokens'), stream('canary')] }), NOW)).toEqual([
      { place: { datacenter: 'dc2', stream: 'tokens' }, sample: { at: NOW, state: 'READY', lagIndex: 2, lagMs: 300 } },
      {
        place: { datacenter: 'dc2', stream: 'canary' },
        sample: { at: NOW, state: 'READY', lagIndex: 2, lagMs: 300, roundTripMs: 40 },
      },
    ]);
  });

  it('takes in the primary what secondaries reported: older by the age of the report, and SILENT after 15 s', () => {
    const sampled = (agoMs: number) =>
      samplesOf(view({ role: 'primary', secondaries: [reportedAgo(agoMs, told)] }), NOW);
    const place = { datacenter: 'dc3', stream: 'tokens' };
    expect(sampled(2_000)).toEqual([{ place, sample: { at: NOW, state: 'READY', lagIndex: 1, lagMs: 2_500 } }]);
    expect(sampled(60_000)).toEqual([{ place, sample: { at: NOW, state: 'SILENT', lagIndex: 1, lagMs: 60_500 } }]);
  });

  it('leaves out what it does not understand, and who never reported', () => {
    const secondaries = [
      reportedAgo(0, null),
      reportedAgo(0, { Streams: 'many' }),
      { datacenter: 'dc4', replication: told, canary },
    ];
    expect(samplesOf(view({ role: 'primary', secondaries }), NOW)).toEqual([]);
  });
});
