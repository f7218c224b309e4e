import { type Clock, type EpochMs, type Logger, messageOf, type Timer, type Timers } from '@banyan/kernel';
import type { Store } from '@banyan/store';
import type { AgentReport } from '../domain/agent-report.js';
import { materialHash } from '../domain/material-report.js';

/** Reports gather for so long before they are written together: of 1,000 heartbeats a second, 50 make one statement. */
const GATHER_MS = 50;
/** After a failed write, so long. */
const RETRY_MS = 1_000;
/** Rows of one statement; about 1 KB each. */
const BATCH = 500;
/** A report that says nothing of weight is written this often, so that 5,000 agents are 333 rows per second, in 20 statements. */
const REFRESH_MS = 15_000;

const WRITE = `
INSERT INTO agent_report (node, report, reported_at, server)
SELECT node, report, clock_timestamp() - age_ms * interval '1 millisecond', $4
FROM unnest($1::text[], $2::jsonb[], $3::float8[]) AS heard (node, report, age_ms)
ON CONFLICT (node) DO UPDATE SET report = EXCLUDED.report, reported_at = EXCLUDED.reported_at, server = EXCLUDED.server
WHERE agent_report.reported_at <= EXCLUDED.reported_at`;

/** What {@link AgentReportStore} needs. */
export interface AgentReportStoreOptions {
  readonly store: Store;
  /** ID of this server. */
  readonly server: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
}

interface Heard {
  readonly report: AgentReport;
  readonly at: EpochMs;
}

/**
 * Keeps what agents say where every server of the datacenter reads it. Written when the part of weight changed, else
 * every 15 s; many agents in one statement; one statement at a time.
 */
export class AgentReportStore {
  readonly #pending = new Map<string, Heard>();
  /** What this server last handed to the database, by node. */
  readonly #written = new Map<string, { readonly hash: string; readonly at: EpochMs }>();
  readonly #listeners = new Set<() => void>();
  #timer: Timer | undefined;
  #writing: Promise<void> | undefined;
  #stopped = false;

  constructor(private readonly options: AgentReportStoreOptions) {}

  /** Takes a report; it is written within a fraction of a second, or not at all when the last one says the same. */
  keep(node: string, report: AgentReport, at: EpochMs): void {
    const hash = materialHash(report);
    const last = this.#written.get(node);
    if (last?.hash === hash && at - last.at < REFRESH_MS && !this.#pending.has(node)) return;
    this.#written.set(node, { hash, at });
    this.#pending.set(node, { report, at });
    this.#schedule(GATHER_MS);
  }

  /** Calls `listener` after every write; returns what ends that. */
  onWritten(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Removes the reports of nodes that are not `present` and have said nothing for `silentMs`. */
  async forgetAllBut(present: readonly string[], silentMs: number): Promise<void> {
    await this.options.store.dataSource.query(
      `DELETE FROM agent_report
       WHERE reported_at < now() - $2::float8 * interval '1 millisecond' AND NOT (node = ANY($1::text[]))`,
      [present, silentMs],
    );
    const kept = new Set(present);
    for (const node of this.#written.keys()) if (!kept.has(node)) this.#written.delete(node);
  }

  /** Writes what is pending, and takes no more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.clear();
    await this.#writing;
    if (this.#pending.size > 0) await this.#writeAll();
  }

  #schedule(delayMs: number): void {
    if (this.#timer !== undefined || this.#writing !== undefined || this.#stopped) return;
    this.#timer = this.options.timers.set(delayMs, () => {
      this.#timer = undefined;
      this.#writing = this.#writeAll().then((ok) => {
        this.#writing = undefined;
        if (this.#pending.size > 0) this.#schedule(ok ? GATHER_MS : RETRY_MS);
      });
    });
  }

  /** False when the database did not take them: they stay pending, unless something newer came meanwhile. */
  async #writeAll(): Promise<boolean> {
    while (this.#pending.size > 0) {
      const batch = [...this.#pending].slice(0, BATCH);
      for (const [node] of batch) this.#pending.delete(node);
      try {
        await this.#write(batch);
      } catch (error) {
        for (const [node, heard] of batch) if (!this.#pending.has(node)) this.#pending.set(node, heard);
        this.options.logger.warn('reports of agents not kept', { agents: batch.length, reason: messageOf(error) });
        return false;
      }
      this.#listeners.forEach((listener) => listener());
    }
    return true;
  }

  #write(batch: readonly (readonly [string, Heard])[]): Promise<unknown> {
    const now = this.options.clock.now();
    return this.options.store.dataSource.query(WRITE, [
      batch.map(([node]) => node),
      batch.map(([, { report }]) => JSON.stringify(report)),
      // An age, so that the database's clock orders what servers with clocks of their own have heard.
      batch.map(([, { at }]) => Math.max(0, now - at)),
      this.options.server,
    ]);
  }
}
