import { isBanyanError, messageOf, type Timer, type Timers } from '@banyan/kernel';

/** What a check says: well (perhaps with something an operator should know), or not and why, in words for an operator. */
export type HealthVerdict =
  | { readonly ok: true; readonly note?: string }
  | { readonly ok: false; readonly reason: string };

/** Looks at one dependency. What it throws counts as not well, with its message as the reason. */
export type DependencyCheck = (signal: AbortSignal) => HealthVerdict | Promise<HealthVerdict>;

/** One dependency's state; `reason` is empty when it is well and there is nothing to know. */
export interface DependencyHealth {
  readonly name: string;
  readonly ok: boolean;
  readonly reason: string;
}

/**
 * All dependencies, in order of registration; `ok` if every one is that nothing can be answered without. `degraded`: another
 * one is not well, and what does not need it goes on.
 */
export interface HealthReport {
  readonly ok: boolean;
  readonly degraded?: true;
  readonly dependencies: readonly DependencyHealth[];
}

interface Registered {
  readonly check: DependencyCheck;
  readonly degrades: boolean;
}

/** A probe of Kubernetes waits 1 s by default; slower than that is not well. */
const DEFAULT_LIMIT_MS = 900;

/** The dependencies of a process by name, for `/readyz`. */
export class HealthRegistry {
  readonly #checks = new Map<string, Registered>();

  /** `limitMs`: how long one check may take, default 900. */
  constructor(private readonly options: { readonly timers: Timers; readonly limitMs?: number }) {}

  /**
   * Adds or replaces the check of this name; the returned function takes it away. `degrades`: without this dependency the
   * process still answers reads, so that a load balancer must not turn away from it.
   */
  register(
    name: string,
    check: DependencyCheck,
    { degrades = false }: { readonly degrades?: boolean } = {},
  ): () => void {
    const registered = { check, degrades };
    this.#checks.set(name, registered);
    return () => {
      if (this.#checks.get(name) === registered) this.#checks.delete(name);
    };
  }

  /** Runs all checks at once. Never throws; a check that does not answer in time is not well. */
  async report(): Promise<HealthReport> {
    const checks = [...this.#checks];
    const dependencies = await Promise.all(checks.map(([name, { check }]) => this.#ask(name, check)));
    const unwell = checks.filter((_check, place) => dependencies[place]?.ok === false);
    const isDegraded = unwell.some(([, { degrades }]) => degrades);
    return {
      ok: unwell.every(([, { degrades }]) => degrades),
      ...(isDegraded && { degraded: true }),
      dependencies,
    };
  }

  async #ask(name: string, check: DependencyCheck): Promise<DependencyHealth> {
    const limitMs = this.options.limitMs ?? DEFAULT_LIMIT_MS;
    const abort = new AbortController();
    let timer: Timer | undefined;
    const tooSlow = new Promise<HealthVerdict>((resolve) => {
      timer = this.options.timers.set(limitMs, () => {
        abort.abort();
        resolve({ ok: false, reason: `no answer within ${limitMs} ms` });
      });
    });
    const verdict = await Promise.race([verdictOf(check, abort.signal), tooSlow]);
    timer?.clear();
    return { name, ok: verdict.ok, reason: verdict.ok ? (verdict.note ?? '') : verdict.reason };
  }
}

const verdictOf = async (check: DependencyCheck, signal: AbortSignal): Promise<HealthVerdict> => {
  try {
    return await check(signal);
  } catch (error) {
    const reason = isBanyanError(error) ? `${error.code}: ${error.message}` : messageOf(error);
    return { ok: false, reason };
  }
};
