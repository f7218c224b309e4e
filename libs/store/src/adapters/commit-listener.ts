import { BackgroundTask, type Logger, messageOf, type Random, type Timers } from '@banyan/kernel';
import { Client } from 'pg';
import { HINT_CHANNEL } from './commit-log.js';

/** What {@link CommitListener} needs. */
export interface CommitListenerOptions {
  readonly url: string;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** Told after every commit, and after every reconnection, because commits may have been missed. */
  readonly onHint: () => void;
}

/** Half a second after the first failure, then doubling: a database that restarts is back within a few seconds. */
const RECONNECT = { firstMs: 500, capMs: 5_000 };
const CONNECT_TIMEOUT_MS = 10_000;
const GOODBYE_MS = 2_000;

/** LISTEN on a connection of its own, made again whenever it breaks. Hints only: followers poll as well. */
export class CommitListener {
  readonly #task: BackgroundTask;
  #client: Client | undefined;
  #onBroken: (() => void) | undefined;

  constructor(private readonly options: CommitListenerOptions) {
    this.#task = new BackgroundTask({
      timers: options.timers,
      random: options.random,
      backoff: RECONNECT,
      turn: (signal) => this.#turn(signal),
      onFailure: (error, failures) =>
        options.logger.warn('the commit listener lost its connection', { reason: messageOf(error), failures }),
    });
  }

  /** Resolves when the first try has ended, well or badly; the rest happens in the background. */
  async start(): Promise<void> {
    await this.#connect().catch((error: unknown) => {
      this.options.logger.warn('the commit listener could not connect', { reason: messageOf(error) });
    });
    this.#task.start();
  }

  async close(): Promise<void> {
    const stopped = this.#task.stop();
    this.#onBroken?.();
    await stopped;
    await this.#drop();
  }

  /** One connection's life: listen until it breaks. The pause of 0 reconnects at once; a failed try backs off. */
  async #turn(signal: AbortSignal): Promise<number> {
    if (this.#client === undefined) {
      await this.#connect();
      this.options.onHint();
    }
    await new Promise<void>((resolve) => {
      if (signal.aborted || this.#client === undefined) resolve();
      else this.#onBroken = resolve;
    });
    await this.#drop();
    return 0;
  }

  async #connect(): Promise<void> {
    const client = new Client({
      connectionString: this.options.url,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      application_name: 'banyan-listener',
    });
    const broken = (): void => {
      if (this.#client !== client) return;
      this.#client = undefined;
      this.#onBroken?.();
    };
    client.on('error', broken);
    client.on('end', broken);
    client.on('notification', () => this.options.onHint());
    try {
      await client.connect();
      await client.query(`LISTEN ${HINT_CHANNEL}`);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    this.#client = client;
  }

  async #drop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    this.#onBroken = undefined;
    if (client === undefined) return;
    // Over a dead network the good-bye is never answered.
    await Promise.race([client.end().catch(() => undefined), this.options.timers.sleep(GOODBYE_MS)]);
  }
}
