import type { SecretText, StateIndex } from '@banyan/kernel';
import type { IntentionDraft } from '../domain/intention.js';

/** On whose behalf a write is made: a secondary forwards the token, so that the primary authorizes it again. */
export interface WriteContext {
  readonly token: SecretText;
  readonly accessorId: string;
}

/** Where intentions are written: the store in the primary, the WAN in a secondary. */
export abstract class IntentionWriter {
  /**
   * Adds or replaces one source → destination pair. Returns the index of *this* datacenter at which the write is
   * visible; a write that changes nothing returns the current one. Throws `INTENTION_INVALID`.
   */
  abstract upsert(context: WriteContext, intention: IntentionDraft): Promise<StateIndex>;
  /** Removes one pair; a pair that does not exist is no error. */
  abstract delete(context: WriteContext, sourceName: string, destinationName: string): Promise<StateIndex>;
}
