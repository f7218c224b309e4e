import { connect } from 'node:net';
import type { CheckDefinition, CheckStatus } from '@banyan/catalog';
import { BackgroundTask, messageOf, type Random, type Timers, type Logger } from '@banyan/kernel';
import type { LocalServices } from '../adapters/local-services.js';
import { probeHttp } from './probe-http.js';

export interface CheckRunnerParts {
  readonly services: LocalServices;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

interface Result {
  readonly status: CheckStatus;
  readonly output: string;
}

/** Runs the checks of this node's services: one task per check, added and ended as services come and go. */
export class CheckRunner {
  readonly #tasks = new Map<string, { readonly definition: CheckDefinition; readonly task: BackgroundTask }>();
  readonly #unsubscribe: () => void;

  constructor(private readonly parts: CheckRunnerParts) {
    this.#unsubscribe = parts.services.onChange(() => this.#follow());
    this.#follow();
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    await Promise.all([...this.#tasks.values()].map(({ task }) => task.stop()));
  }

  #follow(): void {
    const wanted = new Map(
      this.parts.services.list().flatMap(({ checks }) => checks.map((check) => [check.checkId, check] as const)),
    );
    for (const [id, { definition, task }] of this.#tasks) {
      if (wanted.get(id) === definition) continue;
      this.#tasks.delete(id);
      void task.stop();
    }
    for (const [id, definition] of wanted) if (!this.#tasks.has(id)) this.#add(id, definition);
  }

  #add(id: string, definition: CheckDefinition): void {
    const { probe } = definition;
    if (probe.kind !== 'tcp' && probe.kind !== 'http') return;
    const { timers, random, logger, services } = this.parts;
    const run = probe.kind === 'tcp' ? () => probeTcp(probe.address, probe.timeoutMs) : () => probeHttp(probe);
    const tally = new Tally(definition);
    const task = new BackgroundTask({
      timers,
      random,
      backoff: { firstMs: probe.intervalMs, capMs: probe.intervalMs },
      turn: async (signal) => {
        const result = await run();
        if (!signal.aborted && tally.counts(result.status)) services.keepResult(id, result);
        return probe.intervalMs;
      },
      onFailure: (error) => logger.warn('check failed to run', { check: id, reason: messageOf(error) }),
    });
    this.#tasks.set(id, { definition, task });
    task.start();
  }
}

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

/** Passing when a TCP connection opens in time. */
const probeTcp = (address: string, timeoutMs: number): Promise<Result> =>
  new Promise((resolve) => {
    const at = address.lastIndexOf(':');
    const socket = connect({ host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) });
    const end = (result: Result): void => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(timeoutMs, () => end({ status: 'critical', output: `TCP connect ${address}: timed out` }));
    socket.once('connect', () => end({ status: 'passing', output: `TCP connect ${address}: Success` }));
    socket.once('error', (error) => end({ status: 'critical', output: `TCP connect ${address}: ${error.message}` }));
  });
