import type { CanaryView } from '@banyan/http-api';
import { BackgroundTask, type EpochMs, epochMs, messageOf, type StateIndex, stateIndex } from '@banyan/kernel';
import type { ReplicationStatus, Replicator } from '@banyan/replication';
import { viewCanary } from '../edges/canary-view.js';
import type { CanaryWatch } from '../edges/canary-watch.js';
import type { DatacenterCore } from '../core/datacenter-core.js';
import { REPLICATION_STREAMS } from '../edges/replication-streams.js';
import type { PreflightResult, TokenPreflight } from './token-preflight.js';

/** Other servers show what the holder says; this often it says it. */
const WRITE_MS = 2_000;

/** What the server that replicates knows, in a form that is stored for the others. */
export interface BoardedStatus {
  readonly server: string;
  readonly writtenAt: number;
  readonly feed: ReplicationStatus;
  readonly changed: Readonly<Record<string, number>>;
  readonly preflight: PreflightResult | undefined;
  readonly canary: CanaryView;
}

/** One row with the status of replication, so that every server of the datacenter gives the same answer. */
export class StatusBoard {
  readonly #task: BackgroundTask;

  constructor(
    private readonly core: DatacenterCore,
    private readonly parts: {
      readonly replicator: Replicator;
      readonly preflight: TokenPreflight;
      readonly canary: CanaryWatch;
    },
  ) {
    const { ambient } = core;
    this.#task = new BackgroundTask({
      ...ambient,
      backoff: { firstMs: WRITE_MS, capMs: WRITE_MS },
      turn: async () => {
        if (core.fence() !== undefined) await this.#write();
        return WRITE_MS;
      },
      onFailure: (error) => ambient.logger.debug('replication status not stored', { reason: messageOf(error) }),
    });
  }

  start(): void {
    this.#task.start();
  }

  stop(): Promise<void> {
    return this.#task.stop();
  }

  /** Our own knowledge while we replicate; else the holder's, as it last stored it. */
  async read(): Promise<BoardedStatus> {
    if (this.core.fence() !== undefined) return this.#own();
    const [row] = await this.core.store.query<{ body: BoardedStatus; written_at: Date }>(
      'SELECT body, written_at FROM replication_status WHERE id = 1',
      [],
    );
    if (row === undefined) return this.#own();
    return { ...row.body, writtenAt: row.written_at.getTime() };
  }

  #own(): BoardedStatus {
    const { replicator, preflight, canary } = this.parts;
    const { settings, ambient } = this.core;
    const now = ambient.clock.now();
    return {
      server: settings.BANYAN_NODE_NAME,
      writtenAt: now,
      feed: replicator.status,
      changed: Object.fromEntries(REPLICATION_STREAMS.map(({ name }) => [name, replicator.changedIndex(name)])),
      preflight: preflight.result,
      canary: viewCanary(canary.knowledge, settings.BANYAN_CANARY_OBJECTIVE, now),
    };
  }

  async #write(): Promise<void> {
    const { writtenAt, ...body } = this.#own();
    await this.core.store.query(
      `INSERT INTO replication_status (id, body, written_at) VALUES (1, $1, $2)
       ON CONFLICT (id) DO UPDATE SET body = $1, written_at = $2`,
      [JSON.stringify(body), new Date(writtenAt)],
    );
  }
}

/** The index of a stream's last change, from a stored status. */
export const changedIndexOf = (board: BoardedStatus, stream: string): StateIndex =>
  stateIndex(board.changed[stream] ?? 0);

/** How old a stored status is, in ms. */
export const ageOf = (board: BoardedStatus, now: EpochMs): number => Math.max(0, now - epochMs(board.writtenAt));
