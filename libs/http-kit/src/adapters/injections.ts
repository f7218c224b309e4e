import { BanyanError } from '@banyan/kernel';

/** Marks requests that this process injects into itself. From outside it means nothing: see {@link Injections}. */
export const INJECTED_HEADER = 'x-banyan-injected';

/**
 * Requests on their way through `injectHttp`. Their marker starts with a secret of this process, so nobody outside can
 * claim to be injected, and it leads to the abort signal that HTTP has no place for.
 */
export class Injections {
  #count = 0;
  readonly #signals = new Map<string, AbortSignal | undefined>();

  constructor(private readonly secret: string) {}

  open(signal: AbortSignal | undefined): string {
    const marker = `${this.secret}.${++this.#count}`;
    this.#signals.set(marker, signal);
    return marker;
  }

  /** Consumes a marker: a second request with it is a stranger's. */
  take(marker: string | readonly string[] | undefined): { readonly signal: AbortSignal | undefined } | undefined {
    if (typeof marker !== 'string' || !this.#signals.has(marker)) return undefined;
    const signal = this.#signals.get(marker);
    this.#signals.delete(marker);
    return { signal };
  }

  close(marker: string): void {
    this.#signals.delete(marker);
  }
}

/** The error of an injected request whose caller gave up. */
export const callerGone = (): BanyanError => new BanyanError('ABORTED', 'The caller went away');
