import type { Verdict } from '@banyan/intentions';

/** Counts decisions about connections. Called on the hottest path: it must take no longer than a microsecond or two. */
export abstract class AuthorizeMeter {
  /** `elapsedMs` has fractions: a decision from memory takes microseconds. */
  abstract decided(verdict: Verdict, elapsedMs: number): void;
  /** The question was not answered. */
  abstract refused(error: unknown): void;
}
