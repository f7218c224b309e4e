import type { EpochMs } from '@banyan/kernel';
import type { QuarantinedRecord, StreamHold, StreamStatus } from '@banyan/replication';
import { wireSeconds } from './wire-lag.js';
import type { CanaryView, ReplicationTokenView, ReplicationView } from '../ports/replication-desk.js';

/** Deletions and other long lists are shown up to here; totals are always whole. */
const MOST_SHOWN = 1_000;
/** So many of them are told to the primary every 3 s, for its own page: enough to see what kind of thing is held. */
const MOST_TOLD = 50;

const time = (at: EpochMs | undefined): string | null => (at === undefined ? null : new Date(at).toISOString());

const wireHold = (hold: StreamHold, most: number) => ({
  Stream: hold.stream,
  Code: hold.code,
  Reason: hold.reason,
  Hash: hold.hash,
  Since: time(hold.since),
  Records: hold.localCount,
  Deletions: hold.deletions.length,
  WouldDelete: hold.deletions.slice(0, most).map(({ topic, key }) => ({ Topic: topic, Key: key })),
});

const wireStream = (stream: StreamStatus) => ({
  Stream: stream.stream,
  State: stream.state,
  Code: stream.code ?? '',
  Reason: stream.reason,
  Source: stream.source ?? '',
  Epoch: stream.epoch ?? '',
  Index: stream.appliedIndex,
  SourceIndex: stream.sourceIndex,
  ChangedIndex: stream.changedIndex,
  LagIndex: stream.lagIndex,
  LagSeconds: wireSeconds(stream.lagMs),
  LastSuccess: time(stream.lastSuccessAt),
  LastAttempt: time(stream.lastAttemptAt),
  LastError: time(stream.lastErrorAt),
  LastErrorCode: stream.lastErrorCode ?? '',
  LastErrorMessage: stream.lastErrorReason ?? '',
  ConsecutiveFailures: stream.consecutiveFailures,
  Items: stream.items,
  Quarantined: stream.quarantined,
  HeldDeletions: stream.held?.deletions.length ?? 0,
  HeldHash: stream.held?.hash ?? '',
});

const wireCanary = (canary: CanaryView) => ({
  State: canary.state,
  Sequence: canary.sequence,
  AnsweredAt: time(canary.answeredAt),
  RoundTripMs: canary.roundTripMs ?? null,
  ObjectiveMs: canary.objectiveMs,
});

const wireToken = (token: ReplicationTokenView) => ({
  AccessorID: token.accessorId,
  Origin: token.origin,
  // Tokens of banyan have no end; the field stands here for who looks for it.
  ExpirationTime: null,
  Expires: 'never',
  IsWiderThanNeeded: token.isWider,
  CheckedAt: time(token.checkedAt),
  Scopes: token.scopes.map((check) => ({
    Scope: check.scope,
    Datacenter: check.datacenter,
    Allowed: check.allowed,
    Reason: check.reason,
  })),
});

const wireQuarantined = (record: QuarantinedRecord) => ({
  Stream: record.stream,
  Topic: record.topic,
  Key: record.key,
  Code: record.code,
  Reason: record.reason,
  Since: time(record.since),
});

/** The part that a secondary tells its primary: everything, but only the beginning of long lists. */
export const wireReplicationSummary = (view: ReplicationView, most = MOST_TOLD) => ({
  Datacenter: view.datacenter,
  Role: view.role,
  SourceDatacenter: view.source,
  State: view.state,
  Reason: view.reason,
  Server: view.server,
  AgeMs: view.ageMs,
  Streams: view.streams.map(wireStream),
  Alarms: view.alarms.map((alarm) => ({ Code: alarm.code, Reason: alarm.reason, At: time(alarm.at) })),
  Canary: wireCanary(view.canary),
  ...(view.token && { Token: wireToken(view.token) }),
  Held: view.holds.map((hold) => wireHold(hold, most)),
  Quarantine: view.quarantine.slice(0, most).map(wireQuarantined),
});

/** `GET /v1/replication`. */
export const wireReplication = (view: ReplicationView) => ({
  ...wireReplicationSummary(view, MOST_SHOWN),
  ...(view.adoption && {
    Adoption: {
      Hash: view.adoption.hash,
      Confirmed: view.adoption.confirmed,
      WouldLose: {
        TrustDomain: view.adoption.trustDomain ?? '',
        Roots: view.adoption.roots.map(({ id, fingerprint }) => ({ ID: id, Fingerprint: fingerprint })),
        Intentions: view.adoption.intentions.slice(0, MOST_SHOWN),
        Tokens: view.adoption.tokens
          .slice(0, MOST_SHOWN)
          .map(({ accessorId, description }) => ({ AccessorID: accessorId, Description: description })),
        Datacenters: view.adoption.datacenters,
        Totals: { Intentions: view.adoption.intentions.length, Tokens: view.adoption.tokens.length },
      },
    },
  }),
  ...(view.secondaries && {
    Secondaries: view.secondaries.map((secondary) => ({
      Datacenter: secondary.datacenter,
      ReportedAt: time(secondary.reportedAt),
      AgeMs: secondary.ageMs ?? null,
      Canary: wireCanary(secondary.canary),
      Replication: secondary.replication,
    })),
  }),
});

/** Go's zero time, which clients of this path read as "never". */
const NEVER = '0001-01-01T00:00:00Z';

const goTime = (at: EpochMs | undefined): string =>
  at === undefined ? NEVER : new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');

/** `GET /v1/acl/replication` (contract §8.1): the tokens, in the form existing clients know. Indexes are the primary's. */
export const wireAclReplication = (view: ReplicationView) => {
  const tokens = view.streams.find((each) => each.stream === 'tokens');
  // The primary follows nobody, so it has no streams.
  if (tokens === undefined) {
    return {
      Enabled: false,
      Running: false,
      SourceDatacenter: '',
      ReplicationType: '',
      ReplicatedIndex: 0,
      ReplicatedRoleIndex: 0,
      ReplicatedTokenIndex: 0,
      LastSuccess: NEVER,
      LastError: NEVER,
      LastErrorMessage: '',
    };
  }
  return {
    Enabled: true,
    Running: tokens.state === 'READY' || tokens.state === 'DEGRADED',
    SourceDatacenter: view.source,
    ReplicationType: 'tokens',
    ReplicatedIndex: tokens.appliedIndex,
    ReplicatedRoleIndex: tokens.appliedIndex,
    ReplicatedTokenIndex: tokens.appliedIndex,
    LastSuccess: goTime(tokens.lastSuccessAt),
    LastError: goTime(tokens.lastErrorAt),
    LastErrorMessage: tokens.lastErrorReason ?? '',
  };
};
