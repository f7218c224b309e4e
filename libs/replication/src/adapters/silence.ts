import { BanyanError, type Timer, type Timers } from '@banyan/kernel';

/** Aborts when nothing was heard for too long (`DATACENTER_UNREACHABLE`), or when the owner stops. */
export class Silence {
  readonly #abort = new AbortController();
  #timer: Timer;
  readonly #onStop = (): void => this.#abort.abort(this.outer.reason);

  constructor(
    private readonly timers: Timers,
    private readonly limitMs: number,
    private readonly outer: AbortSignal,
  ) {
    outer.addEventListener('abort', this.#onStop, { once: true });
    // A signal that is aborted already tells nobody any more.
    if (outer.aborted) this.#onStop();
    this.#timer = this.#arm();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Whether nothing was heard for too long. */
  get fell(): boolean {
    return this.#abort.signal.aborted && !this.outer.aborted;
  }

  heard(): void {
    this.#timer.clear();
    this.#timer = this.#arm();
  }

  end(): void {
    this.#timer.clear();
    this.outer.removeEventListener('abort', this.#onStop);
  }

  #arm(): Timer {
    return this.timers.set(this.limitMs, () =>
      this.#abort.abort(
        new BanyanError('DATACENTER_UNREACHABLE', `the primary has said nothing for ${this.limitMs} ms`),
      ),
    );
  }
}
