import { BanyanError, type Clock, type Timers } from '@banyan/kernel';

/** How long a request may wait for its turn. Source: the Consul contract, §1.3 "CSR limits". */
const MAX_WAIT_MS = 500;
/**
 * Those who are refused are told to come back one after the other within so long, then from the start again: those who
 * do not keep to it, or never come, must not push the others ever further away.
 */
const RETURN_WINDOW_MS = 60_000;
/** With a very low rate the window still holds so many places. */
const LEAST_PLACES = 16;
/** What is assumed of a signature's duration before one was seen. */
const FIRST_HOLD_MS = 5;

/**
 * Signatures per second and server where the configuration does not say. So that 10,000 leaves are issued again within
 * 60 s: agents spread their renewals so that four fifths of the budget is used, 10,000 / (0.8 × 250) = 50 s, which
 * leaves 10 s for whoever was refused. Decision 0010 has the rest of the arithmetic.
 */
export const DEFAULT_CSR_MAX_PER_SECOND = 250;

/** The limits as they are configured; 0 is none. */
export interface CsrLimits {
  /** 0 = no limit by rate. */
  readonly perSecond: number;
  /** Used only when `perSecond` is 0; 0 = no limit. */
  readonly concurrent: number;
}

/**
 * Spreads signatures: either so many per second (burst 1) or so many at once. A request waits up to 500 ms for its turn,
 * then is refused with `CSR_RATE_LIMITED` and told when to come back (`fields.retryAfterMs`): each at a moment of its
 * own, by its place among those who were refused.
 */
export class CsrLimiter {
  #nextSlotMs = 0;
  #underWay = 0;
  /** How long a place is held, ms: an exponentially weighted mean. */
  #holdMs = FIRST_HOLD_MS;
  #lastReturnMs = 0;
  /** Who waits for a place, first come first served. */
  readonly #line = new Set<() => void>();

  constructor(
    private readonly limits: () => CsrLimits,
    private readonly timers: Timers,
    private readonly clock: Clock,
  ) {}

  async run<T>(work: () => Promise<T>): Promise<T> {
    const { perSecond, concurrent } = this.limits();
    if (perSecond > 0) await this.#takeSlot(1_000 / perSecond);
    if (perSecond > 0 || concurrent === 0 || this.#underWay < concurrent) this.#underWay += 1;
    else await this.#waitForPlace(concurrent);
    const enteredMs = this.clock.now();
    try {
      return await work();
    } finally {
      const heldMs = Math.min(Math.max(0, this.clock.now() - enteredMs), MAX_WAIT_MS);
      this.#holdMs += (heldMs - this.#holdMs) / 16;
      this.#leave(this.limits().concurrent);
    }
  }

  async #takeSlot(spacingMs: number): Promise<void> {
    const now = this.clock.now();
    // A slot further away than any we give was taken under another rate, or before the clock was set back.
    const next = this.#nextSlotMs > now + MAX_WAIT_MS + spacingMs ? now : this.#nextSlotMs;
    const slot = Math.max(now, next);
    const waitMs = slot - now;
    if (waitMs > MAX_WAIT_MS) throw this.#limited(slot, spacingMs);
    this.#nextSlotMs = slot + spacingMs;
    if (waitMs > 0) await this.timers.sleep(waitMs);
  }

  #waitForPlace(concurrent: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        timer.clear();
        this.#line.delete(enter);
        resolve();
      };
      const timer = this.timers.set(MAX_WAIT_MS, () => {
        this.#line.delete(enter);
        reject(this.#limited(this.clock.now() + MAX_WAIT_MS, Math.max(1, this.#holdMs / concurrent)));
      });
      this.#line.add(enter);
    });
  }

  /** The refusal: the first is told the first free moment, everybody after that one spacing later. */
  #limited(firstFreeMs: number, spacingMs: number): BanyanError {
    const windowMs = Math.max(RETURN_WINDOW_MS, LEAST_PLACES * spacingMs);
    const behindMs = Math.max(firstFreeMs, this.#lastReturnMs + spacingMs);
    this.#lastReturnMs = behindMs > firstFreeMs + windowMs ? firstFreeMs : behindMs;
    return new BanyanError('CSR_RATE_LIMITED', 'Rate limit reached, try again later', {
      fields: { retryAfterMs: Math.ceil(this.#lastReturnMs - this.clock.now()) },
    });
  }

  /** The place goes on to the first in line, unless the limit was lowered meanwhile. */
  #leave(concurrent: number): void {
    const [first] = this.#line;
    if (first === undefined || (concurrent > 0 && this.#underWay > concurrent)) this.#underWay -= 1;
    else first();
  }
}
