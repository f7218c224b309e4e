import type { ProviderCondition, RootAuthority } from '@banyan/ca';
import { BackgroundTask, isBanyanError } from '@banyan/kernel';
import type { HealthVerdict } from '@banyan/telemetry';
import type { DatacenterCore } from '../core/datacenter-core.js';
import type { NamedState } from '../edges/own-standing.js';

/** One read of an issuer: what changes behind our back is named within 15 s. */
const LOOK_MS = 15_000;
const BACKOFF = { firstMs: 1_000, capMs: LOOK_MS };

/**
 * Looks whether the provider still holds the root we know. A root that was changed behind our back is DRIFT: an alarm in
 * log and health, never adopted. Leaves go on being signed meanwhile, since that needs no provider.
 */
export class ProviderWatch {
  readonly #task: BackgroundTask;
  #condition: ProviderCondition = { kind: 'ready' };

  constructor(
    private readonly core: DatacenterCore,
    root: Pick<RootAuthority, 'inspect'>,
  ) {
    const { ambient } = core;
    this.#task = new BackgroundTask({
      ...ambient,
      backoff: BACKOFF,
      turn: async (signal) => {
        if (core.fence() === undefined || core.ca.wantedRoot === undefined) return 1_000;
        this.#saw(await root.inspect(signal));
        return LOOK_MS;
      },
      onFailure: (error) => {
        const reason = isBanyanError(error) ? error.message : 'the look at the provider failed';
        this.#saw({ kind: 'unreachable', reason });
      },
    });
    core.health.register('ca-provider', () => this.#health());
  }

  /** What the last look found, as a named state. */
  get state(): NamedState {
    const condition = this.#condition;
    if (condition.kind === 'ready') return { state: 'READY', reason: '' };
    return { state: STATES[condition.kind], reason: condition.reason };
  }

  /** What the last look found. */
  get condition(): ProviderCondition {
    return this.#condition;
  }

  start(): void {
    this.#task.start();
  }

  stop(): Promise<void> {
    return this.#task.stop();
  }

  #saw(condition: ProviderCondition): void {
    const { logger } = this.core.ambient;
    if (condition.kind !== this.#condition.kind) {
      if (condition.kind === 'ready') logger.info('CA provider ready');
      else logger.warn('CA provider not ready', { state: STATES[condition.kind], reason: condition.reason });
    }
    this.#condition = condition;
  }

  #health(): HealthVerdict {
    const { core } = this;
    const condition = this.#condition;
    if (condition.kind === 'ready') return { ok: true };
    const note = `${STATES[condition.kind]}: ${condition.reason}`;
    return core.ca.state.active === undefined ? { ok: false, reason: note } : { ok: true, note };
  }
}

/** The named states of a datacenter's authority that a provider can bring about. */
const STATES = { unreachable: 'PROVIDER_UNREACHABLE', drift: 'DRIFT' } as const;
