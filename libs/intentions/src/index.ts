export {
  type IndexedServiceIntentions,
  type Intention,
  type IntentionAction,
  type IntentionDraft,
  type IntentionSource,
  intentionsOf,
  type ServiceIntentions,
} from './domain/intention.js';
export { type DecisionQuery, IntentionIndex } from './domain/intention-index.js';
export { type NameParameter, parseIntentionName } from './domain/intention-name.js';
export { type L7Permission } from './domain/l7-permission.js';
export { checkedEntry, withoutSource, withSource } from './domain/compose-entry.js';
export { compareIntentions, precedenceOf } from './domain/precedence.js';
export { type Verdict, type VerdictCode } from './domain/verdict.js';
export {
  draftOf,
  type IntentionBody,
  intentionBodySchema,
  parseIntentionDraft,
  toWireIntention,
  type WireIntention,
} from './domain/wire-intention.js';
export { IntentionReader } from './ports/intention-reader.js';
export { IntentionWriter, type WriteContext } from './ports/intention-writer.js';
export { IntentionProjection } from './adapters/intention-projection.js';
export { intentionReplica } from './adapters/intention-replica.js';
export { ServiceIntentionsRow } from './adapters/service-intentions-row.js';
export { StoreIntentionWriter } from './adapters/store-intention-writer.js';
export { canaryReplica, writeCanary } from './adapters/canary-replica.js';
export { CanaryRow } from './adapters/canary-row.js';
export type { Canary } from './domain/canary.js';
