export { readAuthorityReport } from './adapters/authority-report.js';
export {
  type ActiveAuthority,
  CA_TOPICS,
  CaProjection,
  type CaState,
  type StoredConfiguration,
} from './adapters/ca-projection.js';
export { CA_REPLICAS } from './adapters/ca-replicas.js';
export { CA_ENTITIES } from './adapters/ca-rows.js';
export { type IssuedLeaf, LeafIssuer, type LeafOrder } from './adapters/leaf-issuer.js';
export { SigningAuthority } from './adapters/signing-authority.js';
export { TransitionProjection } from './adapters/transition-projection.js';
export {
  type CaConfiguration,
  COMMON_OPTION_NAMES,
  HIDDEN,
  parseCaConfiguration,
  refuse,
} from './domain/ca-configuration.js';
export type { DeniedKey, KeyDenial } from './domain/denied-key.js';
export { ownOptionsOf } from './domain/provider-options.js';
export type { AuthorityReport } from './domain/authority-report.js';
export type { ChangeMeaning, MadeRoot, ProviderTrial, RootEffect, RootOrder } from './domain/root-order.js';
export { remainingRatio, type RootRenewalPolicy } from './domain/root-renewal.js';
export { crossSignedPath, type RootRecord } from './domain/root-record.js';
export { toWireRoots, type WireRoot, type WireRoots } from './domain/wire-roots.js';
export { type Issuance, issuanceReason, type IssuanceReason, type Requester } from './domain/issuance.js';
export { IssuanceRecorder } from './ports/issuance-recorder.js';
export { IntermediateIssuer, type IntermediateRequest, type IssuedIntermediate } from './ports/intermediate-issuer.js';
export { type SigningOrder, SigningOrders } from './ports/signing-orders.js';
export {
  type IntermediateOrder,
  type PreflightRequest,
  type PreflightStep,
  type ProvidedRoot,
  type ProviderCondition,
  RootProvider,
  type RootProviderKind,
  type RootRequest,
} from './ports/root-provider.js';
export { LocalIntermediateIssuer } from './root/local-intermediate-issuer.js';
export type { SecretConfiguration } from './root/provider-access.js';
export { builtInKind } from './root/built-in-provider.js';
export { RootAuthority } from './root/root-authority.js';
export { RootRenewal } from './root/root-renewal.js';
export { keepTransition, successorOf } from './root/root-transitions.js';
export { forgetAuthority } from './adapters/forget-authority.js';
export { reasonAgainstBundle } from './adapters/older-bundle.js';
export { judgeReturnedRoots, type ReturnedRoot } from './root/returned-roots.js';
