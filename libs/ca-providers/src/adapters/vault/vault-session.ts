import {
  BackgroundTask,
  BanyanError,
  type Clock,
  type EpochMs,
  isBanyanError,
  type Logger,
  messageOf,
  type Random,
  type SecretText,
  SingleFlight,
  type Timers,
} from '@banyan/kernel';
import { renewalIsExhausted, type TokenLife, tokenLife } from '../../domain/token-life.js';
import { refusalOf, type VaultAnswer, type VaultCall } from '../../domain/vault-answers.js';
import type { VaultOptions } from '../../domain/vault-options.js';
import { VaultHttp } from './vault-http.js';
import { type GrantedToken, tokenEnded, VaultLogins } from './vault-login.js';

/** What {@link VaultSession} needs. */
export interface VaultSessionParts {
  readonly options: VaultOptions;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

/** A token in use, and what its first life was. */
interface HeldToken extends TokenLife {
  readonly token: SecretText;
  readonly firstSeconds: number;
}

/** From a second to a minute: a Vault that is away for an hour costs 60 tries and 7 lines of log. */
const RENEWAL_BACKOFF = { firstMs: 1_000, capMs: 60_000 };
/** How often a token without end is looked at, and how long a session that nobody uses keeps its token alive. */
const LOOK_MS = 60 * 60_000;
const IDLE_LIMIT_MS = 24 * LOOK_MS;

/** A Vault that is away must not hold up the stop of a server. */
const REVOKE_LIMIT_MS = 2_000;

const isPowerOfTwo = (count: number): boolean => (count & (count - 1)) === 0;

/**
 * A token at one Vault, kept alive in the background from its first use on: renewed at half of its life, replaced by a
 * fresh login where that is configured. Owned by the kind, which stops it.
 */
export class VaultSession {
  readonly #http: VaultHttp;
  readonly #logins: VaultLogins;
  readonly #flight = new SingleFlight<string, HeldToken>();
  readonly #task: BackgroundTask;
  /** Of the session, not of one caller: what one of them gives up, the others still wait for. */
  readonly #ended = new AbortController();
  #held: HeldToken | undefined;
  #usedAt: EpochMs;

  constructor(
    private readonly parts: VaultSessionParts,
    private readonly onIdle: () => void,
  ) {
    const { options, timers, random, clock } = parts;
    this.#http = new VaultHttp(options.connection, timers);
    this.#logins = new VaultLogins(this.#http, options.credential, options.namespace);
    this.#usedAt = clock.now();
    this.#task = new BackgroundTask({
      timers,
      random,
      backoff: RENEWAL_BACKOFF,
      turn: (signal) => this.#keep(signal),
      onFailure: (error, failures) => this.#tellFailure(error, failures),
    });
  }

  /**
   * Makes a call of the secrets engine; any status that is not in `accepted` is thrown as a coded error. A token that has
   * ended meanwhile is replaced once where a login is configured.
   */
  async call(call: VaultCall, accepted: (answer: VaultAnswer) => boolean, signal: AbortSignal): Promise<VaultAnswer> {
    const { mountNamespace: namespace } = this.parts.options;
    if (signal.aborted) throw new BanyanError('ABORTED', `the call of ${call.path} was cancelled`);
    this.#usedAt = this.parts.clock.now();
    const held = await this.#token();
    const answer = await this.#http.call(call, { token: held.token, namespace }, signal);
    if (accepted(answer)) return answer;
    if (answer.status !== 403 || (await this.#logins.knows(held.token, signal))) throw refusalOf(call, answer);
    if (this.#held === held) this.#held = undefined;
    if (this.parts.options.credential.kind === 'token') throw tokenEnded();
    const { token } = await this.#token();
    const second = await this.#http.call(call, { token, namespace }, signal);
    if (accepted(second)) return second;
    throw refusalOf(call, second);
  }

  /** A token that a login brought is revoked, so that none is left behind; one that was given stays as it is. */
  async stop(): Promise<void> {
    this.#ended.abort();
    await this.#task.stop();
    const held = this.#held;
    this.#held = undefined;
    if (held === undefined || this.parts.options.credential.kind !== 'login') return;
    try {
      await this.#logins.revoke(held.token, AbortSignal.timeout(REVOKE_LIMIT_MS));
    } catch (error) {
      if (!isBanyanError(error)) throw error;
      const { code, message: reason } = error;
      this.parts.logger.warn('a login token for Vault is left to end by itself: it could not be revoked', {
        code,
        reason,
      });
    }
  }

  async #token(): Promise<HeldToken> {
    const held = this.#held;
    if (held !== undefined && (held.endsAt === undefined || held.endsAt > this.parts.clock.now())) return held;
    const next = await this.#flight.run('token', async () => this.#obtain(this.#ended.signal));
    this.#task.start();
    this.#task.wake();
    return next;
  }

  async #obtain(signal: AbortSignal): Promise<HeldToken> {
    const granted = await this.#logins.obtain(signal);
    return this.#hold(granted, granted.ttlSeconds);
  }

  #hold(granted: GrantedToken, firstSeconds: number): HeldToken {
    const { clock, random } = this.parts;
    const life = tokenLife({ ...granted, now: clock.now(), fraction: random.fraction() });
    this.#held = { ...life, token: granted.token, firstSeconds };
    return this.#held;
  }

  /** One turn: renews or replaces the token when it is time, and says when to look again. */
  async #keep(signal: AbortSignal): Promise<number> {
    const now = this.parts.clock.now();
    if (now - this.#usedAt > IDLE_LIMIT_MS) this.onIdle();
    const held = this.#held;
    if (held?.renewAt === undefined) return LOOK_MS;
    if (now < held.renewAt) return held.renewAt - now;
    await this.#prolong(held, signal);
    const next = this.#held?.renewAt;
    return next === undefined ? LOOK_MS : Math.max(RENEWAL_BACKOFF.firstMs, next - this.parts.clock.now());
  }

  async #prolong(held: HeldToken, signal: AbortSignal): Promise<void> {
    const canLogIn = this.parts.options.credential.kind === 'login';
    if (!held.renewable) {
      if (canLogIn) await this.#obtain(signal);
      else this.#letEnd(held);
      return;
    }
    const renewed = await this.#renewed(held, canLogIn, signal);
    if (renewed === undefined) {
      await this.#obtain(signal);
      return;
    }
    this.#hold(renewed, held.firstSeconds);
    if (!renewalIsExhausted(held.firstSeconds, renewed.ttlSeconds)) return;
    if (canLogIn) await this.#obtain(signal);
    else this.#letEnd(this.#held!);
  }

  /** Undefined when the token is none any more and a login can replace it. */
  async #renewed(held: HeldToken, canLogIn: boolean, signal: AbortSignal): Promise<GrantedToken | undefined> {
    try {
      return await this.#logins.renew(held.token, signal);
    } catch (error) {
      if (!canLogIn || !isBanyanError(error, 'PROVIDER_REFUSED')) throw error;
      return undefined;
    }
  }

  /** A token that cannot be prolonged is used until it ends, and is not asked for again and again. */
  #letEnd(held: HeldToken): void {
    const { renewAt: _, ...rest } = held;
    this.#held = rest;
    this.parts.logger.warn(
      'the token for Vault ends and cannot be renewed: put a fresh one into the CA configuration',
      {
        host: this.parts.options.connection.address.host,
        ...(held.endsAt !== undefined && { endsAt: new Date(held.endsAt).toISOString() }),
      },
    );
  }

  /** Each failure is retried, but only the first, second, fourth, eighth … is told. */
  #tellFailure(error: unknown, failures: number): void {
    if (!isPowerOfTwo(failures)) return;
    this.parts.logger.warn('the token for Vault is not renewed, trying again', {
      host: this.parts.options.connection.address.host,
      failures,
      code: error instanceof BanyanError ? error.code : 'INTERNAL',
      reason: messageOf(error),
    });
  }
}
