import { BanyanError, type Timers } from '@banyan/kernel';

/** How long a request may wait for its turn. Source: the Consul contract, §1.3 "CSR limits". */
const MAX_WAIT_MS = 500;

export interface CsrLimits {
  /** 0 = no limit by rate. */
  readonly perSecond: number;
  /** Used only when `perSecond` is 0; 0 = no limit. */
  readonly concurrent: number;
}

/**
 * Spreads signatures: either so many per second (burst 1) or so many at once. A request waits up to 500 ms for its turn,
 * then is refused with `CSR_RATE_LIMITED` and told when to come back (`fields.retryAfterMs`).
 */
export class CsrLimiter {
  #nextSlotMs = 0;
  #underWay = 0;
  /** Who waits for a place, first come first served. */
  readonly #line = new Set<() => void>();

  constructor(
    private readonly limits: () => CsrLimits,
    private readonly timers: Timers,
  ) {}

  async run<T>(now: number, work: () => Promise<T>): Promise<T> {
    const { perSecond, concurrent } = this.limits();
    if (perSecond > 0) await this.#takeSlot(now, 1_000 / perSecond);
    if (perSecond > 0 || concurrent === 0 || this.#underWay < concurrent) this.#underWay += 1;
    else await this.#waitForPlace();
    try {
      return await work();
    } finally {
      this.#leave(this.limits().concurrent);
    }
  }

  async #takeSlot(now: number, spacingMs: number): Promise<void> {
    // A slot further away than any we give was taken under another rate, or before the clock was set back.
    const next = this.#nextSlotMs > now + MAX_WAIT_MS + spacingMs ? now : this.#nextSlotMs;
    const slot = Math.max(now, next);
    const waitMs = slot - now;
    if (waitMs > MAX_WAIT_MS) throw limited(waitMs);
    this.#nextSlotMs = slot + spacingMs;
    if (waitMs > 0) await this.timers.sleep(waitMs);
  }

  #waitForPlace(): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        timer.clear();
        this.#line.delete(enter);
        resolve();
      };
      const timer = this.timers.set(MAX_WAIT_MS, () => {
        this.#line.delete(enter);
        reject(limited(MAX_WAIT_MS));
      });
      this.#line.add(enter);
    });
  }

  /** The place goes on to the first in line, unless the limit was lowered meanwhile. */
  #leave(concurrent: number): void {
    const [first] = this.#line;
    if (first === undefined || (concurrent > 0 && this.#underWay > concurrent)) this.#underWay -= 1;
    else first();
  }
}

const limited = (retryAfterMs: number): BanyanError =>
  new BanyanError('CSR_RATE_LIMITED', 'Rate limit reached, try again later', {
    fields: { retryAfterMs: Math.ceil(retryAfterMs) },
  });
