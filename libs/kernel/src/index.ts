export { BanyanError, type ErrorFields, isBanyanError, messageOf } from './domain/banyan-error.js';
export { BackgroundTask, type Backoff, backoffDelayMs } from './domain/background-task.js';
export {
  after,
  type DurationMs,
  durationMs,
  type EpochMs,
  epochMs,
  HOUR,
  MINUTE,
  SECOND,
  type StateIndex,
  stateIndex,
} from './domain/brands.js';
export { canonicalJson, contentHash, type JsonValue } from './domain/canonical-json.js';
export { parsedJson } from './domain/parsed-json.js';
export { isStorableJson } from './domain/storable-json.js';
export { SKEW_LIMIT_MS, skewOf } from './domain/clock-skew.js';
export { Clock, Random, type Timer, Timers } from './domain/clock.js';
export { ERROR_CODES, type ErrorCode } from './domain/error-codes.js';
export {
  type ChainBreak,
  ChainCheck,
  type ChainCheckOptions,
  type ChainLink,
  type ChainPlace,
  sha256Hex,
} from './domain/hash-chain.js';
export { formatGoDuration, parseGoDuration } from './domain/go-duration.js';
export { type LogFields, Logger, SilentLogger } from './domain/logger.js';
export { SecretText } from './domain/secret-text.js';
export { SingleFlight } from './domain/single-flight.js';
export { SystemClock, SystemRandom, SystemTimers } from './adapters/system-clock.js';
