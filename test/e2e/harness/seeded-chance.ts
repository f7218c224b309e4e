/** Chance that can be repeated: BANYAN_E2E_SEED sets the seed that an earlier run printed. */
export class SeededChance {
  readonly seed: number;
  #state: number;

  constructor() {
    const given = process.env['BANYAN_E2E_SEED'];
    this.seed = given === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(given);
    this.#state = this.seed;
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    // mulberry32
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return low + (((mixed ^ (mixed >>> 14)) >>> 0) % (high - low + 1));
  }
}
