import type { CheckDefinition, CheckStatus, Probe } from '@banyan/catalog';
import { BackgroundTask, messageOf, type Random, type Timers, type Logger } from '@banyan/kernel';
import type { CheckResult, LocalServices } from '../adapters/local-services.js';
import { probeHttp, type ProbeLimits } from './probe-http.js';
import { probeTcp } from './probe-tcp.js';
import { TtlDeadline } from './ttl-deadline.js';

export interface CheckRunnerParts {
  readonly services: LocalServices;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

/** What goes on for one check, until the check goes. */
interface Watch {
  readonly definition: CheckDefinition;
  readonly task: { stop(): Promise<void> };
}

type ActiveProbe = Extract<Probe, { readonly kind: 'tcp' | 'http' }>;

/**
 * Runs the checks of this node's services: one task per probe and one deadline per reported check, added and ended as
 * services come and go. Aliases need none: they are looked up.
 */
export class CheckRunner {
  readonly #watches = new Map<string, Watch>();
  readonly #ending = new Set<Promise<void>>();
  readonly #unsubscribe: readonly (() => void)[];

  constructor(private readonly parts: CheckRunnerParts) {
    this.#unsubscribe = [
      parts.services.onChange(() => this.#follow()),
      parts.services.onReport((checkId) => this.#reported(checkId)),
    ];
    this.#follow();
  }

  /** Resolves when no probe is under way any more. */
  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    for (const id of this.#watches.keys()) this.#end(id);
    await Promise.all(this.#ending);
  }

  #follow(): void {
    const wanted = new Map(
      this.parts.services.list().flatMap(({ checks }) => checks.map((check) => [check.checkId, check] as const)),
    );
    for (const [id, { definition }] of this.#watches) if (wanted.get(id) !== definition) this.#end(id);
    for (const [id, definition] of wanted) if (!this.#watches.has(id)) this.#add(id, definition);
  }

  #end(id: string): void {
    const ending = this.#watches.get(id)?.task.stop();
    this.#watches.delete(id);
    if (ending === undefined) return;
    this.#ending.add(ending);
    void ending.finally(() => this.#ending.delete(ending));
  }

  #reported(checkId: string): void {
    const task = this.#watches.get(checkId)?.task;
    if (task instanceof TtlDeadline) task.restart();
  }

  #add(checkId: string, definition: CheckDefinition): void {
    const { probe } = definition;
    if (probe.kind === 'alias') return;
    if (probe.kind === 'ttl') {
      const task = new TtlDeadline({ ...this.parts, checkId, ttlMs: probe.ttlMs });
      this.#watches.set(checkId, { definition, task });
      task.restart();
      return;
    }
    const task = this.#probing(definition, probe);
    this.#watches.set(checkId, { definition, task });
    task.start();
  }

  #probing(definition: CheckDefinition, probe: ActiveProbe): BackgroundTask {
    const { timers, random, logger, services } = this.parts;
    const tally = new Tally(definition);
    let eagerTries = EAGER_TRIES;
    return new BackgroundTask({
      timers,
      random,
      backoff: { firstMs: probe.intervalMs, capMs: probe.intervalMs },
      turn: async (signal) => {
        const result = await run(probe, { timers, signal });
        if (!signal.aborted && tally.counts(result.status)) services.keepResult(definition.checkId, result);
        eagerTries = result.status === 'passing' ? 0 : eagerTries - 1;
        return eagerTries > 0 ? Math.min(EAGER_MS, probe.intervalMs) : probe.intervalMs;
      },
      onFailure: (error) => logger.warn('check failed to run', { check: definition.checkId, reason: messageOf(error) }),
    });
  }
}

/** What has just been registered is usually about to listen: it is looked for more often until it first passes. */
const EAGER_MS = 1_000;
const EAGER_TRIES = 30;

const run = (probe: ActiveProbe, limits: ProbeLimits): Promise<CheckResult> =>
  probe.kind === 'tcp' ? probeTcp(probe, limits) : probeHttp(probe, limits);

/** Whether a result counts yet: thresholds of consecutive good or bad ones. */
class Tally {
  #last: CheckStatus | undefined;
  #run = 0;

  constructor(private readonly definition: CheckDefinition) {}

  counts(status: CheckStatus): boolean {
    this.#run = status === this.#last ? this.#run + 1 : 1;
    this.#last = status;
    const needed = status === 'passing' ? this.definition.successBeforePassing : this.definition.failuresBeforeCritical;
    return this.#run >= Math.max(1, needed);
  }
}
