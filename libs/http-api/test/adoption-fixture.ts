import { type AgentEntry, type AgentReport, type DatacenterAdoption, NO_SIDECARS, summarize } from '@banyan/adoption';
import { AdoptionDirectory } from '@banyan/http-api';
import { epochMs } from '@banyan/kernel';

const SEEN_AT = epochMs(1_767_225_600_000);

const report: AgentReport = {
  bundle: ['aa:01'],
  identityRootId: 'aa:01',
  leaves: { byRoot: { 'aa:01': 2 }, oldestAt: SEEN_AT, rateLimited: 0 },
  ...NO_SIDECARS,
  handshakes: { 'aa:01': { count: 4, lastAt: SEEN_AT } },
  clockOffsetMs: -3,
  version: '0.1.0',
};

/** Agents in memory, in a datacenter that trusts two roots and signs under the first. */
export class MemoryAdoption extends AdoptionDirectory {
  entries: AgentEntry[] = [];

  add(node: string, changes: Partial<AgentReport> = {}): void {
    this.entries.push({ node, seenAt: SEEN_AT, live: true, report: { ...report, ...changes } });
  }

  override async read(): Promise<DatacenterAdoption> {
    return summarize({
      authority: {
        datacenter: 'dc1',
        bundle: ['aa:01', 'aa:02'],
        signingRootId: 'aa:01',
        stagedRootId: 'aa:02',
        tainted: false,
        horizons: { 'aa:01': SEEN_AT + 1_000 },
        signing: { budgetPerSecond: 250, measuredPerSecond: 1_234.5678 },
      },
      agents: this.entries,
      ledgerLeaves: { 'aa:01': 2 },
      now: SEEN_AT,
    });
  }

  override async agents(): Promise<readonly AgentEntry[]> {
    const { laggards } = await this.read();
    return this.entries.map((entry) => {
      const laggard = laggards.find(({ node }) => node === entry.node);
      return { ...entry, ...(laggard && { laggard }) };
    });
  }
}
