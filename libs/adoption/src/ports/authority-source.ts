import type { EpochMs } from '@banyan/kernel';
import type { AuthorityFacts } from '../domain/summarize.js';

/** The datacenter's authority, in plain values. */
export abstract class AuthoritySource {
  abstract facts(now: EpochMs): Promise<AuthorityFacts>;
}
