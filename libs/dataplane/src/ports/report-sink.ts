import type { SidecarReport } from '@banyan/adoption';

/** Where a sidecar's reports go: its agent. */
export abstract class ReportSink {
  /** `id` is that of the registered proxy or service. Throws a coded error when the agent did not take the report. */
  abstract report(id: string, report: SidecarReport, signal: AbortSignal): Promise<void>;
}
