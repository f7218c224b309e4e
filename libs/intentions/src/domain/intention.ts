import type { StateIndex } from '@banyan/kernel';
import type { L7Permission } from './l7-permission.js';

/** The name that matches every service. */
export const WILDCARD = '*';

export type IntentionAction = 'allow' | 'deny';

/**
 * One source of an entry: who may or may not call the entry's service. Exactly one of `action` and `permissions` is
 * set. `precedence` is computed from the names, never taken from a caller.
 */
export interface IntentionSource {
  readonly name: string;
  readonly action?: IntentionAction;
  readonly permissions?: readonly L7Permission[];
  readonly description?: string;
  readonly type: 'consul';
  readonly precedence: number;
}

/** What is stored: all sources of one destination (contract §4.1), ordered by precedence, then as they came. */
export interface ServiceIntentions {
  /** The destination service, or `*`. */
  readonly name: string;
  readonly sources: readonly IntentionSource[];
  readonly meta?: Readonly<Record<string, string>>;
}

/** An entry with the indexes of the datacenter that stores it. All sources of an entry share them (contract §3.1). */
export interface IndexedServiceIntentions extends ServiceIntentions {
  readonly createIndex: StateIndex;
  readonly modifyIndex: StateIndex;
}

/** What a caller asks for: one source → destination pair. {@link Intention} is one of these, too. */
export interface IntentionDraft {
  readonly sourceName: string;
  readonly destinationName: string;
  readonly action?: IntentionAction;
  readonly permissions?: readonly L7Permission[];
  readonly description?: string;
  /** Accepted only when it equals the stored entry's. */
  readonly meta?: Readonly<Record<string, string>>;
}

/** The view of one source of an entry that all intention endpoints answer with (contract §3). */
export interface Intention extends IntentionDraft {
  readonly sourceType: 'consul';
  readonly precedence: number;
  readonly createIndex: StateIndex;
  readonly modifyIndex: StateIndex;
}

/** The intentions an entry stands for, in the entry's order. */
export const intentionsOf = (entry: IndexedServiceIntentions): Intention[] =>
  entry.sources.map((source) => ({
    sourceName: source.name,
    destinationName: entry.name,
    ...(source.action === undefined ? {} : { action: source.action }),
    ...(source.permissions === undefined ? {} : { permissions: source.permissions }),
    ...(source.description === undefined ? {} : { description: source.description }),
    ...(entry.meta === undefined ? {} : { meta: entry.meta }),
    sourceType: source.type,
    precedence: source.precedence,
    createIndex: entry.createIndex,
    modifyIndex: entry.modifyIndex,
  }));
