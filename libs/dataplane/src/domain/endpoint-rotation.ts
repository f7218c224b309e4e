import type { Endpoint } from './sidecar.js';

/** The healthy instances of one upstream, taken in turns. */
export class EndpointRotation {
  #endpoints: readonly Endpoint[] = [];
  #turn = 0;
  #probeTurn = 0;

  replace(endpoints: readonly Endpoint[]): void {
    this.#endpoints = endpoints;
  }

  get size(): number {
    return this.#endpoints.length;
  }

  /** Every endpoint once, in the order to try them; each call starts one further. */
  order(): readonly Endpoint[] {
    const count = this.#endpoints.length;
    if (count === 0) return [];
    const start = this.#turn % count;
    this.#turn = start + 1;
    return [...this.#endpoints.slice(start), ...this.#endpoints.slice(0, start)];
  }

  /** The next endpoint to look at; the turns of {@link order} stay as they are. */
  nextToProbe(): Endpoint | undefined {
    const endpoint = this.#endpoints[this.#probeTurn % Math.max(1, this.#endpoints.length)];
    this.#probeTurn += 1;
    return endpoint;
  }
}
