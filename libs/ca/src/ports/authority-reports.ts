import type { AuthorityReport } from '../domain/root-retirement.js';

/** What the secondaries last reported of their signing. A datacenter that never reported is listed as undefined. */
export abstract class AuthorityReports {
  abstract all(): Promise<ReadonlyMap<string, AuthorityReport | undefined>>;
}
