import { setTimeout as pause } from 'node:timers/promises';
import { eventually, Hopeless } from './eventually.js';
import { callHttp } from './http-call.js';

/** One way through the mesh: a sidecar's local address and the service that must answer. */
export interface Route {
  readonly name: string;
  readonly address: string;
  readonly answer: string;
}

const WORKERS_PER_ROUTE = 3;
const REST_MS = 8;
const ANSWER_LIMIT_MS = 10_000;

/** Opens connection after connection through the mesh, each with a handshake of its own, and counts by phase. */
export class HandshakeLoad {
  readonly #counts = new Map<string, { ok: number; failures: string[] }>();
  readonly #stopping = new AbortController();
  #phase = 'before';
  #workers: Promise<void>[] = [];

  constructor(private readonly routes: readonly Route[]) {}

  start(): void {
    this.#workers = this.routes.flatMap((route) => Array.from({ length: WORKERS_PER_ROUTE }, () => this.#work(route)));
  }

  /** What is counted from now on belongs to `phase`. */
  enter(phase: string): void {
    this.#phase = phase;
  }

  /** Waits until the present phase has seen so many answers on every route. */
  async reaches(perRoute: number, limitMs = 60_000): Promise<void> {
    const phase = this.#phase;
    await eventually(`${perRoute} answers on each route in phase "${phase}"`, { limitMs }, () => {
      for (const route of this.routes) {
        const { ok, failures } = this.#count(phase, route);
        if (failures.length > 0) throw new Hopeless(`${route.name} failed: ${failures[0]}`);
        if (ok < perRoute) throw new Error(`${route.name} has ${ok}`);
      }
    });
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#workers);
  }

  /** Answers on a route, over all phases. */
  answered(route: Route): number {
    return [...this.#counts]
      .filter(([key]) => key.endsWith(`, ${route.name}`))
      .reduce((sum, [, { ok }]) => sum + ok, 0);
  }

  /** Every failure, with phase and route. Empty when all is well. */
  get failures(): string[] {
    return [...this.#counts].flatMap(([key, { failures }]) => failures.map((failure) => `${key}: ${failure}`));
  }

  get summary(): string {
    return [...this.#counts].map(([key, { ok, failures }]) => `${key}: ${ok} ok, ${failures.length} failed`).join('; ');
  }

  async #work(route: Route): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const count = this.#count(this.#phase, route);
      try {
        const { status, text } = await callHttp(route.address, { path: '/', limitMs: ANSWER_LIMIT_MS });
        if (status === 200 && text === route.answer) count.ok += 1;
        else count.failures.push(`answered ${status} ${text}`);
      } catch (error) {
        count.failures.push(error instanceof Error ? error.message : String(error));
      }
      await pause(REST_MS);
    }
  }

  #count(phase: string, route: Route): { ok: number; failures: string[] } {
    const key = `${phase}, ${route.name}`;
    const count = this.#counts.get(key) ?? { ok: 0, failures: [] };
    this.#counts.set(key, count);
    return count;
  }
}
