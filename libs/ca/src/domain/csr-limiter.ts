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

  constructor(
    private readonly limits: () => CsrLimits,
    private readonly timers: Timers,
  ) {}

  async run<T>(now: number, work: () => Promise<T>): Promise<T> {
    const { perSecond, concurrent } = this.limits();
    if (perSecond > 0) await this.#takeSlot(now, 1_000 / perSecond);
    else if (concurrent > 0 && this.#underWay >= concurrent) throw limited(MAX_WAIT_MS);
    this.#underWay += 1;
    try {
      return await work();
    } finally {
      this.#underWay -= 1;
    }
  }

  async #takeSlot(now: number, spacingMs: number): Promise<void> {
    const slot = Math.max(now, this.#nextSlotMs);
    const waitMs = slot - now;
    if (waitMs > MAX_WAIT_MS) throw limited(waitMs);
    this.#nextSlotMs = slot + spacingMs;
    if (waitMs > 0) await this.timers.sleep(waitMs);
  }
}

const limited = (retryAfterMs: number): BanyanError =>
  new BanyanError('CSR_RATE_LIMITED', 'Rate limit reached, try again later', {
    fields: { retryAfterMs: Math.ceil(retryAfterMs) },
  });
