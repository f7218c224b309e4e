import { ANONYMOUS, type Caller } from '@banyan/acl';
import { CallerResolver } from '@banyan/http-kit';
import { type Clock, isBanyanError, type SecretText, SingleFlight, type Timers } from '@banyan/kernel';
import type { ServerCalls } from '../ports/server-calls.js';

interface Resolved {
  readonly caller: Caller;
  readonly until: number;
}

/** More tokens than this on one host are not remembered: the oldest goes first. */
const MOST_TOKENS = 4_096;

/**
 * Who is behind a token, from memory while the servers' answer may be kept; when no server answers, the last known answer
 * goes on, since an outage must not take identities away.
 */
export class TokenCache extends CallerResolver {
  readonly #known = new Map<string, Resolved>();
  readonly #flights = new SingleFlight<string, Caller>();

  constructor(
    private readonly servers: ServerCalls,
    private readonly clock: Clock,
    private readonly timers: Timers,
  ) {
    super();
  }

  override resolve(secret: SecretText | undefined): Caller | Promise<Caller> {
    if (secret === undefined) return ANONYMOUS;
    const key = secret.digest;
    const known = this.#known.get(key);
    if (known !== undefined && known.until > this.clock.now()) return known.caller;
    const flight = this.#flights.run(key, () => this.#ask(key, secret, known));
    return known === undefined ? flight : this.#inTime(flight, key, known);
  }

  /** A server that hangs must not hold up callers we know; its answer is taken whenever it comes. */
  #inTime(flight: Promise<Caller>, key: string, known: Resolved): Promise<Caller> {
    return new Promise((resolve, reject) => {
      const timer = this.timers.set(PATIENCE_MS, () => {
        this.#keep(key, { caller: known.caller, until: this.clock.now() + OUTAGE_KEEP_MS });
        resolve(known.caller);
      });
      flight.finally(() => timer.clear()).then(resolve, reject);
    });
  }

  async #ask(key: string, secret: SecretText, known: Resolved | undefined): Promise<Caller> {
    try {
      const { caller, ttlMs } = await this.servers.resolveToken(secret);
      this.#keep(key, { caller, until: this.clock.now() + ttlMs });
      return caller;
    } catch (error) {
      if (isBanyanError(error, 'ACL_NOT_FOUND')) this.#known.delete(key);
      if (known !== undefined && isBanyanError(error, 'SERVER_UNREACHABLE', 'TIMEOUT', 'STORE_UNREACHABLE')) {
        this.#keep(key, { caller: known.caller, until: this.clock.now() + OUTAGE_KEEP_MS });
        return known.caller;
      }
      throw error;
    }
  }

  #keep(key: string, resolved: Resolved): void {
    this.#known.delete(key);
    this.#known.set(key, resolved);
    if (this.#known.size > MOST_TOKENS) this.#known.delete(this.#known.keys().next().value!);
  }
}

/** A token that is known is not waited for longer than this: a server near by answers in a few ms. */
const PATIENCE_MS = 250;
/** During an outage the servers are asked again this often. */
const OUTAGE_KEEP_MS = 2_000;
