/** So many pieces are averaged before they count; a single one says little. */
const WINDOW = 16;
/** Weight of the newest window: after about ten of them the past is forgotten. */
const WEIGHT = 0.2;

/**
 * How long one piece of a kind of work takes, in ms, as an exponentially weighted mean. Work that runs at the same time
 * (RSA signatures in the thread pool) is counted by the time in which any of it ran, so that the inverse is a rate.
 */
export class WorkTime {
  #underWay = 0;
  #sinceMs = 0;
  #busyMs = 0;
  #pieces = 0;
  #meanMs: number | undefined;

  /** `nowMs` is of a clock that is never set. */
  begin(nowMs: number): void {
    if (this.#underWay === 0) this.#sinceMs = nowMs;
    this.#underWay += 1;
  }

  /** `done`: whether a piece was finished. Work that failed is left out, time and all, unless other work ran beside it. */
  end(nowMs: number, done: boolean): void {
    this.#underWay -= 1;
    if (done || this.#underWay > 0) this.#busyMs += Math.max(0, nowMs - this.#sinceMs);
    this.#sinceMs = nowMs;
    if (!done) return;
    this.#pieces += 1;
    if (this.#pieces < WINDOW) return;
    const windowMs = this.#busyMs / this.#pieces;
    this.#meanMs = this.#meanMs === undefined ? windowMs : this.#meanMs + (windowMs - this.#meanMs) * WEIGHT;
    this.#busyMs = 0;
    this.#pieces = 0;
  }

  /** ms per piece; undefined before the first. */
  get meanMs(): number | undefined {
    if (this.#meanMs !== undefined) return this.#meanMs;
    return this.#pieces === 0 ? undefined : this.#busyMs / this.#pieces;
  }
}
