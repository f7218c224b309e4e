/**
 * As many requests for leaves of one agent are under way at a time. At 250 signatures per second the eighth waits 32 ms
 * for its turn: enough to use the whole rate, and far from the 500 ms after which servers refuse. So an agent that has
 * 10,000 leaves to renew at once asks about once for each.
 */
const UNDER_WAY = 8;

type Entrant = () => void;

/** Lets few requests through at a time; a leaf that somebody waits for goes before renewals. */
export class SigningGate {
  readonly #first: Entrant[] = [];
  readonly #renewals: Entrant[] = [];
  #underWay = 0;

  constructor(private readonly limit = UNDER_WAY) {}

  /** Requests that wait for their turn. */
  get waiting(): number {
    return this.#first.length + this.#renewals.length;
  }

  /** Runs `work` in its turn. Its place goes on to the next in line. */
  async run<T>(work: () => Promise<T>, o: { readonly first: boolean }): Promise<T> {
    if (this.#underWay >= this.limit) {
      await new Promise<void>((enter) => (o.first ? this.#first : this.#renewals).push(enter));
    } else this.#underWay += 1;
    try {
      return await work();
    } finally {
      const next = this.#first.shift() ?? this.#renewals.shift();
      if (next === undefined) this.#underWay -= 1;
      else next();
    }
  }
}
