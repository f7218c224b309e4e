import { durationMs, formatGoDuration } from '@banyan/kernel';
import type { RotationPolicy } from './policy.js';
import type { RotationAct, RotationRequest, TaintRequest } from './request.js';

/** How a request is meant: a look, or a start with the hash that was quoted. */
export type Intent = { readonly dryRun: true } | { readonly dryRun: false; readonly planHash: string | undefined };

const wireIntent = (intent: Intent) =>
  intent.dryRun ? { DryRun: true } : { ...(intent.planHash !== undefined && { PlanHash: intent.planHash }) };

const spans = ({ distributeWaitMs, verifyWindowMs, retireGraceMs }: RotationPolicy) => ({
  DistributeWait: formatGoDuration(durationMs(distributeWaitMs)),
  VerifyWindow: formatGoDuration(durationMs(verifyWindowMs)),
  RetireGrace: formatGoDuration(durationMs(retireGraceMs)),
});

/** The body of `POST /v1/connect/ca/rotations`, for who carries a request to the primary. Holds the order's secrets. */
export const toWireRequest = (request: RotationRequest, intent: Intent) =>
  request.datacenter === undefined ? toWireRoot(request, intent) : toWireKey(request, request.datacenter, intent);

const toWireKey = ({ note, policy, compromised }: RotationRequest, datacenter: string, intent: Intent) => ({
  Scope: { Datacenter: datacenter },
  Reason: note,
  ...(compromised === true && { Compromised: true, Deadline: formatGoDuration(durationMs(policy.deadlineMs)) }),
  ...wireIntent(intent),
});

const toWireRoot = (request: RotationRequest, intent: Intent) => ({
  ...(request.provider !== undefined && { Provider: request.provider }),
  ...(request.options !== undefined && { Config: request.options }),
  ForceWithoutCrossSigning: !request.crossSign,
  Reason: request.note,
  ...spans(request.policy),
  ...wireIntent(intent),
});

/** The body of `POST /v1/connect/ca/taint`. */
export const toWireTaint = (request: TaintRequest, intent: Intent) => ({
  ...(request.rootPem === undefined ? { RootID: request.rootId } : { RootPEM: request.rootPem }),
  Reason: request.note,
  Deadline: formatGoDuration(durationMs(request.policy.deadlineMs)),
  ...wireIntent(intent),
});

/** The body of `PUT /v1/connect/ca/rotations/:id/<verb>`, as a step or as a look at it. */
export const toWireAct = (act: RotationAct, dryRun: boolean) => ({
  ...(act.verb === 'waive' && { Datacenter: act.datacenter, ...(act.node !== undefined && { Node: act.node }) }),
  ...(act.reason !== undefined && act.reason !== '' && { Reason: act.reason }),
  ...wireIntent(dryRun ? { dryRun } : { dryRun, planHash: act.planHash }),
});
