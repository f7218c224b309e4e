import type { EpochMs } from '@banyan/kernel';

/** A whole rack that starts at once behind one address makes two calls per agent; retries spread the rest over seconds. */
const PER_ADDRESS = { perSecond: 100, burst: 200 };
/** An answer from memory costs about 0.1 ms: this is a tenth of a core, however many addresses ask. */
const IN_ALL = { perSecond: 1_000, burst: 2_000 };
const ADDRESSES = 4_096;

interface Bucket {
  left: number;
  at: EpochMs;
}

/** Bounds calls that nobody has to prove anything for: per address, so that one caller does not take it from all, and in all. */
export class CallBudget {
  readonly #inAll: Bucket;
  readonly #byAddress = new Map<string, Bucket>();

  constructor(now: EpochMs) {
    this.#inAll = { left: IN_ALL.burst, at: now };
  }

  /** Takes one call of the budget; false when there is none left. `remoteAddress`: host:port, of which the host counts. */
  take(remoteAddress: string, now: EpochMs): boolean {
    const host = remoteAddress.slice(0, Math.max(0, remoteAddress.lastIndexOf(':')));
    const own = this.#byAddress.get(host) ?? { left: PER_ADDRESS.burst, at: now };
    this.#byAddress.delete(host);
    this.#byAddress.set(host, own);
    // The longest silent one is forgotten first; it has long been full again.
    if (this.#byAddress.size > ADDRESSES) this.#byAddress.delete(this.#byAddress.keys().next().value!);
    refill(own, PER_ADDRESS, now);
    refill(this.#inAll, IN_ALL, now);
    if (own.left < 1 || this.#inAll.left < 1) return false;
    own.left -= 1;
    this.#inAll.left -= 1;
    return true;
  }
}

/** A clock that was set back adds nothing, and takes nothing away. */
const refill = (bucket: Bucket, { perSecond, burst }: { perSecond: number; burst: number }, now: EpochMs): void => {
  const passed = Math.max(0, now - bucket.at);
  bucket.left = Math.min(burst, bucket.left + (passed * perSecond) / 1_000);
  bucket.at = now;
};
