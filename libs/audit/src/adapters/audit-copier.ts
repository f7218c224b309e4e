import { BackgroundTask, messageOf, type Logger, type Random, SECOND, type Timers } from '@banyan/kernel';
import type { Store } from '@banyan/store';
import { toWireAudit } from '../domain/audit-entry.js';
import type { AuditSink } from '../ports/audit-sink.js';
import { type AuditRow, entryOf } from './audit-rows.js';
import type { AuditCopies } from './audit-trail.js';

/** What {@link AuditCopier} needs. */
export interface AuditCopierOptions {
  readonly store: Store;
  /** Whose entries are copied: this server's. */
  readonly server: string;
  readonly sink: AuditSink;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

const PAGE = 500;
/** It is woken after every entry of this process; this is for those of another one of the same name. */
const LOOK_MS = 5 * SECOND;
const BACKOFF = { firstMs: SECOND, capMs: 10 * SECOND } as const;

/**
 * Copies this server's entries from the table to a sink, in order and without a gap: after a crash, or after the disk was
 * full, it goes on after the last line that stands there.
 */
export class AuditCopier implements AuditCopies {
  readonly #task: BackgroundTask;
  #after: number | undefined;
  #failing: string | undefined;

  constructor(private readonly options: AuditCopierOptions) {
    const { timers, random, logger, sink } = options;
    this.#task = new BackgroundTask({
      timers,
      random,
      backoff: BACKOFF,
      turn: (signal) => this.#copy(signal),
      onFailure: (error) => {
        const reason = messageOf(error);
        if (this.#failing === undefined) logger.error('audit entries are not copied', { sink: sink.name, reason });
        this.#failing = `${sink.name}: ${reason}`;
      },
    });
  }

  get failing(): string | undefined {
    return this.#failing;
  }

  wake(): void {
    this.#task.wake();
  }

  start(): void {
    this.#task.start();
  }

  /** Resolves when what was being written is written. */
  stop(): Promise<void> {
    return this.#task.stop();
  }

  async #copy(signal: AbortSignal): Promise<number> {
    const { sink, logger } = this.options;
    this.#after ??= (await sink.last()) ?? (await this.#present());
    while (!signal.aborted) {
      const entries = await this.#entries(this.#after);
      const last = entries.at(-1);
      if (last === undefined) break;
      await sink.write(entries.map((entry) => `${JSON.stringify(toWireAudit(entry))}\n`).join(''));
      this.#after = last.serverSeq;
    }
    if (this.#failing !== undefined) logger.info('audit entries are copied again', { sink: sink.name });
    this.#failing = undefined;
    return LOOK_MS;
  }

  async #entries(after: number) {
    const rows = await this.options.store.query<AuditRow>(
      'SELECT * FROM audit_entry WHERE server = $1 AND server_seq > $2 ORDER BY server_seq LIMIT $3',
      [this.options.server, after, PAGE],
    );
    return rows.map(entryOf);
  }

  async #present(): Promise<number> {
    const rows = await this.options.store.query<{ readonly seq: string }>(
      'SELECT seq FROM audit_head WHERE server = $1',
      [this.options.server],
    );
    return Number(rows[0]?.seq ?? 0);
  }
}
