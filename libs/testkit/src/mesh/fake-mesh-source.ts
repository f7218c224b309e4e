import {
  type Authorization,
  type AuthorizeQuestion,
  type Endpoint,
  type LeafMaterial,
  MeshSource,
  type Sidecar,
  type TrustMaterial,
  type Upstream,
} from '@banyan/dataplane';
import { BanyanError } from '@banyan/kernel';

/** A value that watchers see as it is now, and then each time it is published anew. */
export class Published<T> {
  #value: { readonly of: T } | undefined;
  #wake: (() => void)[] = [];

  publish(value: T): void {
    this.#value = { of: value };
    for (const wake of this.#wake.splice(0)) wake();
  }

  async *watch(signal: AbortSignal): AsyncGenerator<T> {
    let seen: { readonly of: T } | undefined;
    const stopped = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    while (!signal.aborted) {
      if (this.#value !== undefined && this.#value !== seen) {
        seen = this.#value;
        yield seen.of;
      } else {
        await Promise.race([stopped, new Promise<void>((resolve) => this.#wake.push(resolve))]);
      }
    }
  }
}

/** An agent in memory: what it tells is published by the test, and its verdicts are decided by a function. */
export class FakeMeshSource extends MeshSource {
  readonly sidecar = new Published<Sidecar>();
  readonly leaf = new Published<LeafMaterial>();
  readonly trust = new Published<TrustMaterial>();
  readonly intentions = new Published<void>();
  readonly #endpoints = new Map<string, Published<readonly Endpoint[]>>();
  readonly asked: AuthorizeQuestion[] = [];
  /** Decides; replace it to change the intentions. */
  decide: (question: AuthorizeQuestion) => boolean = () => true;
  /** While true, no question is answered. */
  isAway = false;

  endpointsOf(destination: string): Published<readonly Endpoint[]> {
    const known = this.#endpoints.get(destination) ?? new Published<readonly Endpoint[]>();
    this.#endpoints.set(destination, known);
    return known;
  }

  override watchSidecar(signal: AbortSignal): AsyncIterable<Sidecar> {
    return this.sidecar.watch(signal);
  }
  override watchLeaf(_: string, signal: AbortSignal): AsyncIterable<LeafMaterial> {
    return this.leaf.watch(signal);
  }
  override watchTrust(signal: AbortSignal): AsyncIterable<TrustMaterial> {
    return this.trust.watch(signal);
  }
  override watchEndpoints(upstream: Upstream, signal: AbortSignal): AsyncIterable<readonly Endpoint[]> {
    return this.endpointsOf(upstream.destination).watch(signal);
  }
  override watchIntentions(_: string, signal: AbortSignal): AsyncIterable<void> {
    return this.intentions.watch(signal);
  }

  override async authorize(question: AuthorizeQuestion): Promise<Authorization> {
    if (this.isAway) throw new BanyanError('SERVER_UNREACHABLE', 'the fake agent is away');
    this.asked.push(question);
    const authorized = this.decide(question);
    return { authorized, reason: authorized ? 'allowed by the test' : 'denied by the test' };
  }
}
