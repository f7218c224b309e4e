import { contentHash, type EpochMs, epochMs, type JsonValue } from '@banyan/kernel';
import type { DecisionQuery } from './intention-index.js';
import type { ServiceIntentions } from './intention.js';
import { precedenceOf } from './precedence.js';
import type { Verdict } from './verdict.js';

/**
 * What the canary's source and destination are called. No service can have such a name (names begin with a letter or a
 * digit), so that no caller can ask for it, and an index keeps whatever begins so out of every list.
 */
export const CANARY_NAME = '~canary';

/** Whether a name is one that only banyan itself uses. */
export const isReservedName = (name: string): boolean => name.startsWith('~');

/** One state of the canary: written by the primary, decided on by every datacenter. */
export interface Canary {
  readonly sequence: number;
  /** By the primary's clock. */
  readonly writtenAt: EpochMs;
}

/**
 * The intention that the canary is for the decision engine: allowed and denied in turn, so that an engine which still
 * decides by an earlier state gives another answer than the one its sequence asks for.
 */
export const canaryEntry = ({ sequence, writtenAt }: Canary): ServiceIntentions => ({
  name: CANARY_NAME,
  sources: [
    {
      name: CANARY_NAME,
      action: sequence % 2 === 0 ? 'allow' : 'deny',
      description: `${sequence} ${writtenAt}`,
      type: 'consul',
      precedence: precedenceOf(CANARY_NAME, CANARY_NAME),
    },
  ],
});

/** The canary as plain JSON: what is hashed and replicated. */
export const canaryBody = ({ sequence, writtenAt }: Canary): JsonValue => ({ sequence, writtenAt });

/** The content hash under which it is logged and replicated. */
export const canaryHash = (canary: Canary): string => contentHash(canaryBody(canary));

/** The question that asks a decision engine for the canary. */
export const CANARY_QUESTION: DecisionQuery = {
  source: CANARY_NAME,
  destination: CANARY_NAME,
  defaultAction: 'deny',
};

/**
 * Which canary a verdict is about. Undefined when no canary decided it, or when the answer is not the one that this
 * sequence demands.
 */
export const canaryOf = (verdict: Verdict): Canary | undefined => {
  const matched = verdict.matched;
  if (matched?.destinationName !== CANARY_NAME) return undefined;
  const [sequence, writtenAt] = (matched.description ?? '').split(' ').map(Number);
  if (sequence === undefined || writtenAt === undefined || !Number.isSafeInteger(sequence)) return undefined;
  return verdict.allowed === (sequence % 2 === 0) ? { sequence, writtenAt: epochMs(writtenAt) } : undefined;
};
