import {
  BackgroundTask,
  BanyanError,
  isBanyanError,
  type Logger,
  messageOf,
  type Random,
  type Timer,
  type Timers,
} from '@banyan/kernel';
import type { Fence } from '../domain/fence.js';
import { acquireLease, releaseLease, renewLease } from './lease-rows.js';
import type { Store } from './store.js';

/** What {@link LeaseKeeper} needs. */
export interface LeaseKeeperOptions {
  readonly store: Store;
  /** Name of the lease: one per kind of singleton. */
  readonly name: string;
  /**
   * The server's own ID, the same after a restart: a server that comes back takes its own lease over at once, instead
   * of waiting for the end of what its killed process held. It does so with its first claim only, so that two processes
   * which were wrongly given one ID do not take it from each other for ever.
   */
  readonly holder: string;
  /** How long the lease outlives its holder's last sign of life, in ms. It is renewed every third of it. */
  readonly ttlMs: number;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** The lease was taken. `signal` is aborted when it is lost; every write must carry `fence`. */
  readonly onAcquired: (fence: Fence, signal: AbortSignal) => void;
  /** The lease was lost or given back; after this nothing may be written with its fence, and nothing can. */
  readonly onLost: () => void;
}

interface Tenure {
  readonly fence: Fence;
  readonly abort: AbortController;
  expiry: Timer;
}

/**
 * Tries to hold one lease for as long as it runs. Its own idea of holding it ends before the database's does, because
 * the time is counted from before the renewal was sent; a process that was paused is stopped by the fence instead.
 */
export class LeaseKeeper {
  readonly #task: BackgroundTask;
  #tenure: Tenure | undefined;
  #mayClaimOwn = true;

  constructor(private readonly options: LeaseKeeperOptions) {
    const beatMs = options.ttlMs / 3;
    this.#task = new BackgroundTask({
      timers: options.timers,
      random: options.random,
      backoff: { firstMs: beatMs / 4, capMs: beatMs },
      turn: async (signal) => {
        await this.#beat(signal);
        // Up to a tenth earlier, so that the replicas' tries spread.
        return beatMs * (1 - options.random.fraction() / 10);
      },
      onFailure: (error, failures) => this.#failed(error, failures),
    });
  }

  start(): void {
    this.#task.start();
  }

  /** What is held now. */
  current(): Fence | undefined {
    return this.#tenure?.fence;
  }

  /** Ends the tenure first, then gives the lease back; when the database is away it runs out by itself. */
  async stop(): Promise<void> {
    await this.#task.stop();
    const fence = this.current();
    this.#lose('the keeper was stopped');
    if (fence === undefined) return;
    await releaseLease(this.options.store.dataSource, fence).catch((error: unknown) => {
      this.options.logger.warn('a lease could not be given back', { lease: fence.lease, reason: messageOf(error) });
    });
  }

  async #beat(signal: AbortSignal): Promise<void> {
    const { store, name, holder, ttlMs } = this.options;
    const tenure = this.#tenure;
    const expiry = this.#expiryFromNow();
    let held = false;
    try {
      if (tenure === undefined) {
        const claim = { name, holder, ttlMs, fromSelf: this.#mayClaimOwn };
        const fence = await this.#inTime(acquireLease(store.dataSource, claim));
        this.#mayClaimOwn = false;
        held = fence !== undefined && this.#acquired(fence, expiry, signal);
      } else if (await this.#inTime(renewLease(store.dataSource, tenure.fence, ttlMs))) {
        held = this.#renewed(tenure, expiry);
      } else if (this.#tenure === tenure) {
        this.#lose('another server holds it or it ran out');
      }
    } finally {
      if (!held) expiry.clear();
    }
  }

  /**
   * A database that hangs answers after the client's own limit of 40 s; the next beat must not wait so long. A claim that
   * is granted after we gave up runs out unused.
   */
  async #inTime<T>(answer: Promise<T>): Promise<T> {
    const { timers, ttlMs, name } = this.options;
    const limit = new AbortController();
    const tooLate = timers.sleep(ttlMs, limit.signal).then((): never => {
      throw new BanyanError(
        'STORE_UNREACHABLE',
        `the database did not answer for the lease ${name} within ${ttlMs} ms`,
      );
    });
    try {
      return await Promise.race([answer, tooLate]);
    } finally {
      // The loser's rejection is of no use to anybody.
      tooLate.catch(() => undefined);
      answer.catch(() => undefined);
      limit.abort();
    }
  }

  #expiryFromNow(): Timer {
    return this.options.timers.set(this.options.ttlMs, () => {
      if (this.#tenure !== undefined) this.#lose('it could not be renewed in time');
    });
  }

  #acquired(fence: Fence, expiry: Timer, signal: AbortSignal): boolean {
    const abort = new AbortController();
    this.#tenure = { fence, abort, expiry };
    this.options.logger.info('a lease was acquired', { lease: fence.lease, fencing: fence.fencing });
    if (!signal.aborted) this.options.onAcquired(fence, abort.signal);
    return true;
  }

  /** The answer can come after the tenure was given up; the row then runs out unused. */
  #renewed(tenure: Tenure, expiry: Timer): boolean {
    if (this.#tenure !== tenure) return false;
    tenure.expiry.clear();
    tenure.expiry = expiry;
    return true;
  }

  #lose(reason: string): void {
    const tenure = this.#tenure;
    if (tenure === undefined) return;
    this.#tenure = undefined;
    tenure.expiry.clear();
    this.options.logger.warn('a lease is no longer held', {
      lease: tenure.fence.lease,
      fencing: tenure.fence.fencing,
      reason,
    });
    tenure.abort.abort(new BanyanError('LEASE_LOST', `the lease ${tenure.fence.lease} is no longer held: ${reason}`));
    this.options.onLost();
  }

  #failed(error: unknown, failures: number): void {
    const code = isBanyanError(error) ? error.code : undefined;
    this.options.logger.warn('a lease could not be renewed', {
      lease: this.options.name,
      code,
      reason: messageOf(error),
      failures,
    });
  }
}
