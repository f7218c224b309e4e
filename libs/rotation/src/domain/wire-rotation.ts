import { durationMs, formatGoDuration } from '@banyan/kernel';
import type { IndexedRotation } from '../ports/rotation-reader.js';
import type { Blocker } from './blocker.js';
import type { KeyScope } from './key-scope.js';
import { possibleVerbs } from './next.js';
import { isFinished } from './phase.js';
import { type RotationPlan } from './plan.js';
import type { RotationPolicy } from './policy.js';
import { blockersOf, type DatacenterCounters, type Rotation } from './rotation.js';

const time = (moment: number): string => new Date(moment).toISOString();
const span = (ms: number): string => formatGoDuration(durationMs(ms));
/** Keys that are phases, datacenters or options are names, not fields: they stay as they are. */
const mapped = <T, R>(record: Readonly<Record<string, T | undefined>>, shape: (value: T) => R): Record<string, R> =>
  Object.fromEntries(
    Object.entries(record).flatMap(([key, value]) => (value === undefined ? [] : [[key, shape(value)] as const])),
  );

/** Who stands in the way, or breaks. */
export const wireBlocker = ({ datacenter, node, reason, detail }: Blocker) => ({
  Datacenter: datacenter,
  ...(node !== undefined && { Node: node }),
  Reason: reason,
  Detail: detail,
});

const wirePolicy = (policy: RotationPolicy) => ({
  DistributeWait: span(policy.distributeWaitMs),
  VerifyWindow: span(policy.verifyWindowMs),
  RetireGrace: span(policy.retireGraceMs),
  Deadline: span(policy.deadlineMs),
});

const wireKey = ({ datacenter, keyId, keyFingerprint, endsAt }: KeyScope) => ({
  Datacenter: datacenter,
  KeyID: keyId,
  KeySHA256: keyFingerprint,
  NotAfter: time(endsAt),
});

/** A plan as the API answers it; durations as Go writes them, rates per second. */
export const toWirePlan = (plan: RotationPlan) => ({
  Kind: plan.intent.kind,
  Reason: plan.intent.reason,
  Provider: plan.intent.provider,
  Config: plan.intent.options,
  CrossSign: plan.intent.crossSign,
  ...(plan.intent.key === undefined
    ? { LeavingRootID: plan.intent.rootId }
    : { RootID: plan.intent.rootId, LeavingKey: wireKey(plan.intent.key) }),
  Policy: wirePolicy(plan.policy),
  Datacenters: plan.datacenters.map(({ datacenter, reported, agents, workloads, signatures, perSecond, seconds }) => ({
    Datacenter: datacenter,
    Reported: reported,
    Agents: { Live: agents.live, Offline: agents.offline },
    Workloads: workloads,
    Signatures: signatures,
    ...(perSecond !== undefined && { SignaturesPerSecond: perSecond }),
    ...(seconds !== undefined && { EstimatedSeconds: seconds }),
  })),
  Totals: {
    Datacenters: plan.totals.datacenters,
    Agents: plan.totals.agents,
    OfflineAgents: plan.totals.offlineAgents,
    Workloads: plan.totals.workloads,
    Signatures: plan.totals.signatures,
    ...(plan.totals.estimatedSeconds !== undefined && { EstimatedSeconds: plan.totals.estimatedSeconds }),
  },
  BundleBytes: plan.growth.bundleBytes,
  ChainBytes: plan.growth.chainBytes,
  Blockers: plan.blockers.map(wireBlocker),
  BlockerCount: plan.blockerCount,
});

const wireCounters = (counters: DatacenterCounters) => ({
  Datacenter: counters.datacenter,
  Reported: counters.reported,
  HoldsRoot: counters.holdsRoot,
  Staged: counters.staged,
  ...(counters.signingRootId !== undefined && { SigningRootID: counters.signingRootId }),
  Agents: { Total: counters.agents.total, Live: counters.agents.live, Trusting: counters.agents.trusting },
  Leaves: { Staying: counters.leaves.staying, Leaving: counters.leaves.leaving },
  LedgerLeaves: { Staying: counters.ledgerLeaves.staying, Leaving: counters.ledgerLeaves.leaving },
  Shadow: {
    ...(counters.shadow.rootId !== undefined && { RootID: counters.shadow.rootId }),
    Failed: counters.shadow.failed,
  },
});

const wireGate = (gate: NonNullable<Rotation['gates']['activate']>) => ({
  Met: gate.met,
  Since: time(gate.since),
  ...(gate.waitsUntil !== undefined && { WaitsUntil: time(gate.waitsUntil) }),
  Blockers: gate.blockers.map(wireBlocker),
  BlockerCount: gate.count,
});

/** A rotation as the API answers it. */
export const toWireRotation = ({ rotation, createIndex, modifyIndex }: IndexedRotation) => ({
  ID: rotation.id,
  Scope: rotation.scope === 'root' ? rotation.scope : { Datacenter: rotation.scope.datacenter },
  ...(rotation.scope !== 'root' && { LeavingKey: wireKey(rotation.scope) }),
  Reason: rotation.reason,
  Note: rotation.note,
  Requester: rotation.requester,
  Phase: rotation.phase,
  Health: isFinished(rotation.phase) ? 'finished' : rotation.health,
  Blockers: blockersOf(rotation).map(wireBlocker),
  Possible: possibleVerbs(rotation),
  Order: { Provider: rotation.order.provider, Config: rotation.order.options, CrossSign: rotation.order.crossSign },
  ...(rotation.rootId !== undefined && { RootID: rotation.rootId }),
  ...(rotation.previousRootId !== undefined && { PreviousRootID: rotation.previousRootId }),
  CrossSigned: rotation.crossSigned,
  ...(rotation.growth !== undefined && {
    BundleBytes: rotation.growth.bundleBytes,
    ChainBytes: rotation.growth.chainBytes,
  }),
  Policy: wirePolicy(rotation.policy),
  ...(rotation.deadlineAt !== undefined && { Deadline: time(rotation.deadlineAt) }),
  Datacenters: rotation.datacenters.map(wireCounters),
  Gates: mapped(rotation.gates, wireGate),
  Waivers: rotation.waivers.map(({ datacenter, node, reason, by, at }) => ({
    Datacenter: datacenter,
    ...(node !== undefined && { Node: node }),
    Reason: reason,
    By: by,
    At: time(at),
  })),
  Journal: rotation.journal.map(({ at, actor, from, event, to, text }) => ({
    At: time(at),
    Actor: actor,
    From: from,
    Event: event,
    To: to,
    Text: text,
  })),
  JournalDropped: rotation.journalDropped,
  Plan: toWirePlan(rotation.plan),
  PlanHash: rotation.planHash,
  ...(rotation.failure !== undefined && { Failure: { Code: rotation.failure.code, Reason: rotation.failure.reason } }),
  Revision: rotation.revision,
  CreatedAt: time(rotation.createdAt),
  StartedAt: mapped(rotation.startedAt, time),
  ...(rotation.finishedAt !== undefined && { FinishedAt: time(rotation.finishedAt) }),
  CreateIndex: createIndex,
  ModifyIndex: modifyIndex,
});
