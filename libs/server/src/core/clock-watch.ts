import { BackgroundTask, type Clock, type Logger, type Random, skewOf, type Timers } from '@banyan/kernel';
import type { Store } from '@banyan/store';

/** What {@link ClockWatch} needs. */
export interface ClockWatchOptions {
  readonly store: Pick<Store, 'dataSource'>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

const LOOK_MS = 10_000;
const BACKOFF = { firstMs: 1_000, capMs: LOOK_MS };
/** An answer that took longer says too little of the moment it was given at. */
const SLOWEST_MS = 5_000;
/** A message is only ever late, never early: of the last few the most punctual one counts. */
const KEPT = 5;

/**
 * How this server's clock stands to its database's and its primary's. A difference is named, in words and in health, and
 * changes nothing else: which clock is wrong cannot be known here, and what one of them signs still serves everybody whose
 * clock agrees with it.
 */
export class ClockWatch {
  readonly #task: BackgroundTask;
  /** How far we are ahead, in ms, the latest first. */
  readonly #offsets = new Map<string, readonly number[]>();
  readonly #skewed = new Set<string>();

  constructor(private readonly options: ClockWatchOptions) {
    this.#task = new BackgroundTask({
      ...options,
      backoff: BACKOFF,
      turn: () => this.#askDatabase(),
      // That the database does not answer is said elsewhere.
      onFailure: () => undefined,
    });
  }

  start(): void {
    this.#task.start();
  }

  async stop(): Promise<void> {
    await this.#task.stop();
  }

  /** A message of that time has just come from `source`, whose name stands after "our clock is 600 s behind". */
  heard(source: string, theirMs: number): void {
    this.#observe(source, this.options.clock.now() - theirMs);
  }

  /** How far our clock is ahead of each, in ms. */
  get offsets(): ReadonlyMap<string, number> {
    return new Map([...this.#offsets].map(([source, kept]) => [source, Math.min(...kept)]));
  }

  /** What differs too much, in words that begin with CLOCK_SKEW; undefined when nothing does. */
  get note(): string | undefined {
    const skews = [...this.offsets].flatMap(([source, offsetMs]) => {
      const skew = skewOf(offsetMs);
      return skew === undefined ? [] : [`our clock is ${skew} ${source}`];
    });
    return skews.length === 0 ? undefined : `CLOCK_SKEW: ${skews.join(', ')}`;
  }

  async #askDatabase(): Promise<number> {
    const { store, clock } = this.options;
    const askedAt = clock.now();
    const [row] = await store.dataSource.query<{ now: string }[]>(
      'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::text AS now',
    );
    const tookMs = clock.now() - askedAt;
    if (row !== undefined && tookMs <= SLOWEST_MS)
      this.#observe('the database', askedAt + tookMs / 2 - Number(row.now));
    return LOOK_MS;
  }

  #observe(source: string, offsetMs: number): void {
    this.#offsets.set(source, [Math.round(offsetMs), ...(this.#offsets.get(source) ?? [])].slice(0, KEPT));
    const standing = this.offsets.get(source) ?? 0;
    const skewed = skewOf(standing) !== undefined;
    if (skewed === this.#skewed.has(source)) return;
    const fields = { state: skewed ? 'CLOCK_SKEW' : 'READY', source, aheadMs: standing };
    if (skewed) {
      this.#skewed.add(source);
      this.options.logger.warn('clocks differ', fields);
    } else {
      this.#skewed.delete(source);
      this.options.logger.info('clocks agree again', fields);
    }
  }
}
