import type { EpochMs } from '@banyan/kernel';
import type { Store } from '@banyan/store';
import { Any } from 'typeorm';
import { type AgentReport, agentReportSchema } from '../domain/agent-report.js';
import { AgentReportRow } from './agent-report-row.js';

/** The reports of all agents, in memory; a look at the database reads only those that changed since the last one. */
export class KeptReports {
  readonly #reports = new Map<string, { readonly at: EpochMs; readonly report: AgentReport | undefined }>();

  constructor(private readonly store: Store) {}

  /** Every report by node. One that a newer banyan wrote and this one cannot read is left out. */
  async read(): Promise<ReadonlyMap<string, AgentReport>> {
    const { manager } = this.store.dataSource;
    const stamps = await manager.find(AgentReportRow, { select: { node: true, reportedAt: true } });
    const present = new Set(stamps.map(({ node }) => node));
    for (const node of this.#reports.keys()) if (!present.has(node)) this.#reports.delete(node);
    const changed = stamps.filter(({ node, reportedAt }) => this.#reports.get(node)?.at !== reportedAt);
    if (changed.length > 0) {
      const rows = await manager.findBy(AgentReportRow, { node: Any(changed.map(({ node }) => node)) });
      for (const { node, report, reportedAt } of rows) {
        this.#reports.set(node, { at: reportedAt, report: agentReportSchema.safeParse(report).data });
      }
    }
    const readable = [...this.#reports].flatMap(([node, { report }]) => (report ? [[node, report] as const] : []));
    return new Map(readable);
  }
}
