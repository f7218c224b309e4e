import { BanyanError } from '@banyan/kernel';

/** Marks requests that this process injects into itself. From outside it means nothing: see {@link Injections}. */
export const INJECTED_HEADER = 'x-banyan-injected';

/** Who handed a request to `injectHttp`. One from another datacenter has arrived: it is never sent on. */
export type InjectionOrigin = 'agent' | 'datacenter';

export interface Injection {
  readonly origin: InjectionOrigin;
  readonly signal: AbortSignal | undefined;
  /** See `InjectedRequest`. */
  readonly from: string | undefined;
}

/**
 * Requests on their way through `injectHttp`. Their marker starts with a secret of this process, so nobody outside can
 * claim to be injected, and it leads to the abort signal that HTTP has no place for.
 */
export class Injections {
  #count = 0;
  readonly #open = new Map<string, Injection>();

  constructor(private readonly secret: string) {}

  open(injection: Injection): string {
    const marker = `${this.secret}.${++this.#count}`;
    this.#open.set(marker, injection);
    return marker;
  }

  /** Consumes a marker: a second request with it is a stranger's. */
  take(marker: string | readonly string[] | undefined): Injection | undefined {
    if (typeof marker !== 'string') return undefined;
    const injection = this.#open.get(marker);
    this.#open.delete(marker);
    return injection;
  }

  close(marker: string): void {
    this.#open.delete(marker);
  }
}

/** The error of an injected request whose caller gave up. */
export const callerGone = (): BanyanError => new BanyanError('ABORTED', 'The caller went away');
