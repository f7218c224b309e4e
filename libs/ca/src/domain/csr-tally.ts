import { type ErrorCode, isBanyanError } from '@banyan/kernel';

/** Refusals that are always shown, so that an alarm has a value to look at before the first. */
const SHOWN: readonly ErrorCode[] = ['CSR_RATE_LIMITED', 'PERMISSION_DENIED', 'CSR_SAN_INVALID'];

type LeafKind = 'service' | 'agent' | 'server';

/** Requests for certificates as this process has seen them: offered, served by whose they are, refused by code. */
export class CsrTally {
  #offered = 0;
  readonly #served = new Map<LeafKind, number>([
    ['service', 0],
    ['agent', 0],
    ['server', 0],
  ]);
  readonly #refused = new Map<string, number>(SHOWN.map((code) => [code, 0]));

  offered(): void {
    this.#offered += 1;
  }

  served(kind: LeafKind): void {
    this.#served.set(kind, (this.#served.get(kind) ?? 0) + 1);
  }

  refused(error: unknown): void {
    const code = isBanyanError(error) ? error.code : 'INTERNAL';
    this.#refused.set(code, (this.#refused.get(code) ?? 0) + 1);
  }

  /** Runs a check of a request that was offered; what it throws is a refusal. */
  checked<T>(check: () => T): T {
    try {
      return check();
    } catch (error) {
      this.refused(error);
      throw error;
    }
  }

  get counts(): {
    readonly offered: number;
    readonly served: ReadonlyMap<string, number>;
    readonly refused: ReadonlyMap<string, number>;
  } {
    return { offered: this.#offered, served: this.#served, refused: this.#refused };
  }
}
