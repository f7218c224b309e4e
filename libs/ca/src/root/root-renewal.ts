import { type Clock, type EpochMs, HOUR, isBanyanError, type Logger, messageOf } from '@banyan/kernel';
import type { CaProjection } from '../adapters/ca-projection.js';
import { rootRenewal, type RootRenewalPolicy, type RootRenewalVerdict } from '../domain/root-renewal.js';

/** What {@link RootRenewal} needs. */
export interface RootRenewalOptions {
  readonly projection: CaProjection;
  readonly policy: RootRenewalPolicy;
  /**
   * Starts a rotation to a next root with the present configuration. Refusals are coded errors, `ROTATION_IN_PROGRESS` among
   * them: they are said, and it is tried again within the hour.
   */
  readonly start: (reason: string, signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
}

const SAID_EVERY_MS = 24 * HOUR;
const TRIED_EVERY_MS = HOUR;

/** Renews the root before it ends without anyone asking, or says that it has to be renewed. Runs under the lease. */
export class RootRenewal {
  #note: string | undefined;
  #said: { readonly root: string; readonly at: EpochMs } | undefined;
  #tried: { readonly root: string; readonly at: EpochMs } | undefined;

  constructor(private readonly options: RootRenewalOptions) {}

  /** What an operator should know of the root's end; undefined while that is far. */
  get note(): string | undefined {
    return this.#note;
  }

  /** One look. Cheap: nothing is read and nothing written before the root is due. */
  async look(signal: AbortSignal): Promise<void> {
    const { projection, policy, clock } = this.options;
    const { wantedRoot: root, nextRoot: next, state } = projection;
    // A next root is on its way already.
    if (root === undefined || next !== undefined || state.configuration === undefined) {
      this.#note = undefined;
      return;
    }
    const { notBefore, notAfter } = root.certificate;
    const { intermediateTtlMs } = state.configuration.parsed;
    const verdict = rootRenewal({ notBefore, notAfter, intermediateTtlMs, now: clock.now(), policy });
    this.#note = verdict.kind === 'none' ? undefined : verdict.reason;
    this.#say(root.id, verdict);
    if (verdict.kind === 'due') await this.#start(root.id, verdict.reason, signal);
  }

  #say(root: string, verdict: RootRenewalVerdict): void {
    if (verdict.kind === 'none') return;
    const at = this.options.clock.now();
    if (this.#said?.root === root && at < this.#said.at + SAID_EVERY_MS) return;
    this.#said = { root, at };
    this.options.logger.warn('root renewal', { root, kind: verdict.kind, reason: verdict.reason });
  }

  async #start(root: string, reason: string, signal: AbortSignal): Promise<void> {
    const { clock, logger, start } = this.options;
    const at = clock.now();
    if (this.#tried?.root === root && at < this.#tried.at + TRIED_EVERY_MS) return;
    this.#tried = { root, at };
    try {
      await start(reason, signal);
      logger.info('root renewal started', { root, reason });
    } catch (error) {
      if (!isBanyanError(error)) throw error;
      this.#note = `${reason}; it could not be started: ${error.code}`;
      logger.warn('root renewal not started', { root, code: error.code, reason: messageOf(error) });
    }
  }
}
