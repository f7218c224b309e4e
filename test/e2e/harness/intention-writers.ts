import { setTimeout as pause } from 'node:timers/promises';
import type { Datacenter } from './datacenter.js';
import type { ListedIntention } from './datacenter-state.js';
import type { Mesh } from './mesh.js';

const REST_MS = 150;
/** A server that was killed leaves its callers without an answer. */
const ANSWER_LIMIT_MS = 4_000;

/** In each datacenter, one after the other: a write is repeated until it is acknowledged, whoever is killed meanwhile. */
export class IntentionWriters {
  readonly #acknowledged: ListedIntention[] = [];
  readonly #stopping = new AbortController();
  readonly #abandoned = new AbortController();
  readonly #writers: Promise<void>[];
  #unanswered = 0;

  /** Written through the server that is asked, or through the agent, which finds one. */
  constructor(
    mesh: Mesh,
    private readonly through: 'server' | 'agent' = 'server',
  ) {
    this.#writers = mesh.datacenters.map((datacenter) => this.#write(datacenter));
  }

  /** What a datacenter said 200 to. */
  get acknowledged(): readonly ListedIntention[] {
    return this.#acknowledged;
  }

  /** How many attempts were refused, cut off or not answered. */
  get unanswered(): number {
    return this.#unanswered;
  }

  /** Resolves when the writes under way are acknowledged. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#writers);
  }

  /** Ends them wherever they are. */
  async abandon(): Promise<void> {
    this.#abandoned.abort();
    await this.stop();
  }

  async #write(datacenter: Datacenter): Promise<void> {
    for (let number = 1; !this.#stopping.signal.aborted; number += 1) {
      const intention = {
        SourceName: `${datacenter.name}-caller-${number}`,
        DestinationName: 'api',
        Action: number % 2 === 0 ? 'allow' : 'deny',
      } as const;
      while (!(await this.#attempt(datacenter, intention))) {
        if (this.#abandoned.signal.aborted) return;
        await pause(REST_MS);
      }
      this.#acknowledged.push(intention);
      await pause(REST_MS);
    }
  }

  async #attempt(
    datacenter: Datacenter,
    { SourceName, DestinationName, Action }: ListedIntention & { readonly Action: 'allow' | 'deny' },
  ): Promise<boolean> {
    try {
      const put = this.through === 'agent' ? 'putIntentionByAgent' : 'putIntention';
      const answer = await datacenter[put](SourceName, DestinationName, Action, ANSWER_LIMIT_MS);
      if (answer.status === 200) return true;
    } catch {
      // killed under way: whether it was written is not known
    }
    this.#unanswered += 1;
    return false;
  }
}
