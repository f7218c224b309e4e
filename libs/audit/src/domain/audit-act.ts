import type { JsonValue } from '@banyan/kernel';
import type { ActFacts, AuditResult } from './audit-record.js';

/** How an act ended. */
export interface ActOutcome {
  readonly result: AuditResult;
  /** Of the error; empty when all went well. */
  readonly code: string;
}

/** Error codes that mean: you may not. */
const DENIALS: readonly string[] = [
  'PERMISSION_DENIED',
  'ACL_NOT_FOUND',
  'PEER_NOT_ALLOWED',
  'ACL_BOOTSTRAP_DONE',
  'HOST_NOT_ALLOWED',
  'ORIGIN_NOT_ALLOWED',
];

/** The outcome that an error's code stands for; the empty one for success. */
export const outcomeOf = (code: string): ActOutcome => {
  if (code === '') return { result: 'ok', code };
  return { result: DENIALS.includes(code) ? 'denied' : 'failed', code };
};

/** An act from when it is begun until its answer leaves. */
export class AuditAct {
  #facts: ActFacts;
  #state: 'open' | 'recorded' | 'closed' = 'open';
  #executedElsewhere = false;

  constructor(facts: ActFacts) {
    this.#facts = facts;
  }

  get facts(): ActFacts {
    return this.#facts;
  }

  /** Whether a transaction may still take it along: the first one that writes something for it does. */
  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Whether an entry of success stands. */
  get isRecorded(): boolean {
    return this.#state === 'recorded';
  }

  /** Another datacenter carried it out, or refused it, and recorded that. */
  get wasExecutedElsewhere(): boolean {
    return this.#executedElsewhere;
  }

  /** Adds what became known only while it was done: only names, never a secret. */
  learn(part: { readonly target?: string; readonly before?: JsonValue; readonly after?: JsonValue }): void {
    this.#facts = { ...this.#facts, ...part };
  }

  executedElsewhere(): void {
    this.#executedElsewhere = true;
  }

  /** The transaction that took it along has committed. */
  recorded(): void {
    if (this.#state === 'open') this.#state = 'recorded';
  }

  /** Nothing takes it along any more: what was set off by it and goes on later is not part of it. */
  close(): void {
    this.#state = 'closed';
  }
}
