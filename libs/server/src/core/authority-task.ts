import {
  BackgroundTask,
  backoffDelayMs,
  BanyanError,
  type Clock,
  type ErrorCode,
  isBanyanError,
  type Logger,
  messageOf,
  type Random,
  type Timers,
} from '@banyan/kernel';
import type { CaProjection, SigningAuthority } from '@banyan/ca';
import type { Fence } from '@banyan/store';

/** What the role adds to the care of the signing authority. */
export interface AuthorityDuties {
  /** What has to be true before an intermediate can be asked for: the root in the primary, the adopted trust elsewhere. */
  prepare(fence: Fence, signal: AbortSignal): Promise<void>;
  /** What is looked after once the intermediate is as it should be. */
  maintain(fence: Fence, signal: AbortSignal): Promise<void>;
  /** How long at most until the next look, when something may change that wakes nobody; absent: 5 s. */
  idleMs?(): number;
}

/** What {@link AuthorityTask} needs. */
export interface AuthorityTaskOptions {
  readonly fence: () => Fence | undefined;
  readonly duties: AuthorityDuties;
  readonly signing: SigningAuthority;
  readonly projection: CaProjection;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

/** Without the lease, and between looks when nothing is due. Changes of the CA's state wake the task at once. */
const IDLE_MS = 5_000;
/** Like the channels: a primary that is back, or there for the first time, is found within about 2 s. */
const BACKOFF = { firstMs: 200, capMs: 2_000 };

/**
 * Who refused refuses again until something changes: what may change it wakes the task (another token, the WAN, the roots,
 * the lease). What wakes nobody, as a permission that was granted, is found within half a minute.
 */
const REFUSED_BACKOFF = { firstMs: 500, capMs: 30_000 };
/** Answers of who was asked, not failures on the way. Distrust is none of them: the next look may find a way round it. */
const REFUSALS: readonly ErrorCode[] = [
  'PERMISSION_DENIED',
  'ACL_NOT_FOUND',
  'PEER_NOT_ALLOWED',
  'CSR_INVALID',
  'CSR_SIGNATURE_INVALID',
  'CSR_SAN_INVALID',
  'CSR_TRUST_DOMAIN_FOREIGN',
  'CSR_DATACENTER_FOREIGN',
  'CERTIFICATE_PROFILE_VIOLATED',
  'KEY_UNSUPPORTED',
  'KEY_MISMATCH',
  'PROVIDER_REFUSED',
  'CA_EXPIRED',
];

/** A clock is not set right by asking again at once; every time, an intermediate would be signed for nothing. */
const SKEW_WAIT_MS = 30_000;

/** Keeps the datacenter's signing authority as it should be, on the one replica that holds the lease. */
export class AuthorityTask {
  readonly #task: BackgroundTask;
  readonly #unsubscribe: () => void;
  #failure: string | undefined;
  #failureCode: ErrorCode | undefined;
  /** Refusals by the same code since something last changed. */
  #refusals = 0;

  constructor(private readonly options: AuthorityTaskOptions) {
    this.#task = new BackgroundTask({
      timers: options.timers,
      random: options.random,
      backoff: BACKOFF,
      turn: (signal) => this.#turn(signal),
      onFailure: (error) => this.#failed(error),
    });
    this.#unsubscribe = options.projection.onChange(() => this.wake());
  }

  /** Why the last look failed; undefined when it did not. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** The code of that failure. */
  get failureCode(): ErrorCode | undefined {
    return this.#failureCode;
  }

  start(): void {
    this.#task.start();
  }

  /** Something changed that may change the answer: asks at once, and from the shortest pause again. */
  wake(): void {
    this.#refusals = 0;
    this.#task.wake();
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    await this.#task.stop();
  }

  async #turn(signal: AbortSignal): Promise<number> {
    const { duties, signing, clock, fence: currentFence } = this.options;
    const fence = currentFence();
    if (fence === undefined) return IDLE_MS;
    await duties.prepare(fence, signal);
    let lookAgainAt: number;
    try {
      lookAgainAt = await signing.reconcile(fence, signal);
    } catch (error) {
      return this.#pauseAfter(error);
    }
    await duties.maintain(fence, signal);
    this.#failure = undefined;
    this.#failureCode = undefined;
    this.#refusals = 0;
    return Math.min(duties.idleMs?.() ?? IDLE_MS, Math.max(0, lookAgainAt - clock.now()));
  }

  /** How long to wait after an answer that asking again at once does not change; anything else is thrown on. */
  #pauseAfter(error: unknown): number {
    if (isBanyanError(error, 'CHAIN_NOT_YET_VALID')) {
      this.#failed(new BanyanError('CLOCK_SKEW', `our clock is behind that of who signs for us: ${error.message}`));
      return SKEW_WAIT_MS;
    }
    if (!isBanyanError(error, ...REFUSALS)) throw error;
    this.#refusals = this.#failureCode === error.code ? this.#refusals + 1 : 1;
    this.#failed(error);
    return backoffDelayMs(REFUSED_BACKOFF, this.#refusals, this.options.random);
  }

  #failed(error: unknown): void {
    const reason = messageOf(error);
    const code = isBanyanError(error) ? error.code : 'INTERNAL';
    if (this.#failure !== reason) {
      this.options.logger.warn('signing authority not ready', { code, reason });
    }
    this.#failure = reason;
    this.#failureCode = code;
  }
}
