import type { SidecarReport } from '@banyan/adoption';
import { type ProbePace, ReportSink, type TrustMaterial } from '@banyan/dataplane';
import { TestAuthority } from '@banyan/testkit';
import { TRUST_DOMAIN } from './running-sidecar.js';

/** Three generations of a trust domain's root, each cross-signed by the one before. */
export interface Generations {
  readonly first: TestAuthority;
  readonly second: TestAuthority;
  readonly third: TestAuthority;
}

export const threeGenerations = async (): Promise<Generations> => {
  const [first, second, third] = await Promise.all(
    ['first', 'second', 'third'].map((name) => TestAuthority.create(TRUST_DOMAIN, name)),
  );
  return { first: first!, second: second!, third: third! };
};

export const idOf = (authority: TestAuthority): string => authority.root.fingerprintSha1;

/** A bundle in which the first authority's root is the active one. */
export const bundle = (active: TestAuthority, ...others: TestAuthority[]): TrustMaterial => ({
  trustDomain: TRUST_DOMAIN,
  rootPems: [active, ...others].map(({ root }) => root.pem),
  activeRootId: idOf(active),
});

/** The same with roots that are said to be compromised. */
export const tainting = (material: TrustMaterial, ...tainted: TestAuthority[]): TrustMaterial => ({
  ...material,
  taintedRootIds: tainted.map(idOf),
});

/** Fast enough for a test to see several probes. */
export const FAST: ProbePace = { idleAfterMs: 400, everyMs: 100 };
/** No probe comes within a test. */
export const NEVER: ProbePace = { idleAfterMs: 3_600_000, everyMs: 3_600_000 };

/** Keeps the newest report of each sidecar. */
export class KeptReports extends ReportSink {
  readonly newest = new Map<string, SidecarReport>();
  count = 0;
  failure: Error | undefined;

  override async report(id: string, report: SidecarReport): Promise<void> {
    this.count += 1;
    if (this.failure !== undefined) throw this.failure;
    this.newest.set(id, report);
  }
}
