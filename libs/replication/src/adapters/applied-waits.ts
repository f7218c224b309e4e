import { BanyanError, type Timers } from '@banyan/kernel';
import type { FeedCursor } from '../domain/feed-event.js';
import type { ReplicationStatus } from '../domain/replication-status.js';

/** Those who wait until a write of theirs has come back through the feed. */
export class AppliedWaits {
  readonly #open = new Set<{ look(): void; end(): void }>();

  constructor(
    private readonly timers: Timers,
    private readonly status: () => ReplicationStatus,
  ) {}

  /** Resolves when the status has reached the place; an index of another epoch says nothing about it. */
  async wait(place: FeedCursor, limitMs: number, source: () => string): Promise<void> {
    if (this.#isReached(place)) return;
    await new Promise<void>((resolve, reject) => {
      const close = (): void => {
        timer.clear();
        this.#open.delete(wait);
      };
      const wait = {
        look: (): void => {
          if (!this.#isReached(place)) return;
          close();
          resolve();
        },
        end: (): void => {
          close();
          reject(new BanyanError('ABORTED', 'this server is stopping; the write stands at the primary'));
        },
      };
      const timer = this.timers.set(limitMs, () => {
        close();
        const { state, reason, appliedIndex } = this.status();
        const what = `the write is made in ${source()} but did not arrive here within ${limitMs} ms`;
        const why = `replication is ${state} at index ${appliedIndex} of ${place.index}${reason === '' ? '' : `: ${reason}`}`;
        reject(new BanyanError('TIMEOUT', `${what}; ${why}`));
      });
      this.#open.add(wait);
    });
  }

  look(): void {
    for (const wait of this.#open) wait.look();
  }

  end(): void {
    for (const wait of this.#open) wait.end();
  }

  #isReached({ epoch, index }: FeedCursor): boolean {
    const { epoch: applied, appliedIndex } = this.status();
    return (epoch === undefined || epoch === applied) && appliedIndex >= index;
  }
}
