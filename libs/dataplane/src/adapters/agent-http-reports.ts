import type { SidecarReport } from '@banyan/adoption';
import { BanyanError } from '@banyan/kernel';
import { ReportSink } from '../ports/report-sink.js';
import { AgentHttpClient, type AgentAddress } from './agent-http-client.js';

const REPORT_LIMIT_MS = 5_000;

/** Reports over the agent's HTTP API: `PUT /v1/agent/connect/sidecar/<id>`. */
export class AgentHttpReports extends ReportSink {
  readonly #client: AgentHttpClient;

  /** The token needs service:write on the service. Throws `CONFIG_INVALID` for an address it cannot use. */
  constructor(agent: AgentAddress) {
    super();
    this.#client = new AgentHttpClient(agent);
  }

  /** Throws `PERMISSION_DENIED`, `SERVICE_NOT_FOUND`, `SERVER_UNREACHABLE`, `TIMEOUT`. */
  override async report(id: string, report: SidecarReport, signal: AbortSignal): Promise<void> {
    const answer = await this.#client.ask({
      method: 'PUT',
      path: `/v1/agent/connect/sidecar/${encodeURIComponent(id)}`,
      body: JSON.stringify(report),
      limitMs: REPORT_LIMIT_MS,
      signal,
    });
    if (answer.status === 200) return;
    const code = CODES[answer.status] ?? 'SERVER_UNREACHABLE';
    throw new BanyanError(code, `the agent answered ${answer.status}: ${answer.body.slice(0, 300).trim()}`);
  }

  /** Frees the connections to the agent. */
  close(): void {
    this.#client.close();
  }
}

const CODES = { 400: 'REQUEST_INVALID', 403: 'PERMISSION_DENIED', 404: 'SERVICE_NOT_FOUND' } as {
  readonly [status: number]: 'REQUEST_INVALID' | 'PERMISSION_DENIED' | 'SERVICE_NOT_FOUND' | undefined;
};
