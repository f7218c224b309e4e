// The record and its machine
export type { Rotation } from './domain/rotation.js';
export type { Phase } from './domain/phase.js';
export { type RotationEvent, VERBS, type Verb } from './domain/event.js';
export { next, type NextRotation } from './domain/next.js';
export type { Blocker } from './domain/blocker.js';
export { CONFIGURATION_WRITE_POLICY, DEFAULT_POLICY, type RotationPolicy } from './domain/policy.js';
export { planHash, type RotationPlan } from './domain/plan.js';
export type { Confirmation, RotationAct, RotationContext, RotationRequest, TaintRequest } from './domain/request.js';
export { toWirePlan, toWireRotation } from './domain/wire-rotation.js';
export { type StepPreview } from './domain/step-preview.js';
export { toWirePreview } from './domain/wire-preview.js';
export { toWireAct, toWireRequest, toWireTaint } from './domain/wire-request.js';
// What a rotation needs
export { AdoptionEvidence, type DatacenterEvidence } from './ports/adoption-evidence.js';
export { RootSteps } from './ports/root-steps.js';
export { DeniedKeys, type KeyToDeny } from './ports/denied-keys.js';
export { PresentAuthority, type PresentState } from './ports/present-authority.js';
export { type IndexedRotation, RotationReader } from './ports/rotation-reader.js';
// With PostgreSQL
export { CaPresentAuthority } from './adapters/ca-present-authority.js';
export { type NamedPlan, RotationEngine, type RotationEngineOptions } from './adapters/rotation-engine.js';
export { ROTATION_TOPICS, RotationProjection } from './adapters/rotation-projection.js';
export { rotationReplica } from './adapters/rotation-replica.js';
export { RotationRow } from './adapters/rotation-row.js';
