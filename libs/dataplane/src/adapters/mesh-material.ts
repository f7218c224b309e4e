import { type Clock, type Logger, messageOf, type Timers } from '@banyan/kernel';
import { PeerJudge } from '../domain/peer-judge.js';
import type { LeafMaterial, TrustMaterial } from '../ports/mesh-source.js';
import { TlsMaterial, type TlsState } from './tls-material.js';

/** Judging one peer costs up to a fifth of a millisecond: after so many, others run. */
const SLICE = 16;

/** What {@link MeshMaterial} needs. */
export interface MeshMaterialOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
}

/** What is in use at one moment: TLS material, and the judge that goes with it. */
export interface MaterialInUse {
  readonly tls: TlsState;
  readonly judge: PeerJudge;
}

/**
 * The material of one workload. A change is in use everywhere when `accept…` returns: for the next handshakes, for the
 * judge, and for live connections: when a compromised root leaves, their peers are judged again in slices. What is
 * refused changes nothing.
 */
export class MeshMaterial {
  readonly #tls = new TlsMaterial();
  readonly #listeners = new Set<(inUse: MaterialInUse, isFirst: boolean) => void>();
  #judge: PeerJudge | undefined;
  #checking: Promise<void> = Promise.resolve();

  constructor(private readonly options: MeshMaterialOptions) {}

  /** `undefined` until both a leaf and a trust bundle are there. */
  get current(): MaterialInUse | undefined {
    const { state } = this.#tls;
    return state === undefined || this.#judge === undefined ? undefined : { tls: state, judge: this.#judge };
  }

  /** Told of every change that is in use. */
  onSwap(listener: (inUse: MaterialInUse, isFirst: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  acceptLeaf(leaf: LeafMaterial): void {
    this.#accept(() => this.#tls.acceptLeaf(leaf, this.options.clock.now()));
  }

  acceptTrust(trust: TrustMaterial): void {
    this.#accept(() => this.#tls.acceptTrust(trust, this.options.clock.now()));
  }

  /** Resolves when no live connection waits for being judged again. */
  async settled(): Promise<void> {
    await this.#checking;
  }

  #accept(accept: () => void): void {
    const { logger } = this.options;
    const previous = this.#tls.state;
    try {
      accept();
    } catch (error) {
      logger.error('certificates refused; the last good ones stay in use', { reason: messageOf(error) });
      return;
    }
    const { state } = this.#tls;
    if (state === undefined || state === previous) return;
    const judge = (this.#judge ??= new PeerJudge(state.trust));
    const isAnotherTrust = judge.trust !== state.trust;
    if (isAnotherTrust) judge.follow(state.trust);
    for (const listener of this.#listeners) this.#tell(listener, { tls: state, judge }, previous === undefined);
    if (isAnotherTrust) this.#checking = this.#checkLive(judge, this.#checking);
    if (previous === undefined) return;
    logger.info('certificates swapped', {
      trustDomain: state.trust.trustDomain,
      roots: state.trust.rootIds.length,
      serial: state.leaf.serial,
    });
  }

  /** One listener that fails must not keep the others on earlier material. */
  #tell(listener: (inUse: MaterialInUse, isFirst: boolean) => void, inUse: MaterialInUse, isFirst: boolean): void {
    try {
      listener(inUse, isFirst);
    } catch (error) {
      this.options.logger.error('certificates could not be put in use', { reason: messageOf(error) });
    }
  }

  async #checkLive(judge: PeerJudge, previous: Promise<void>): Promise<void> {
    const { clock, timers } = this.options;
    let checked = 0;
    for (const _ of judge.cutTainted(clock.now())) {
      checked += 1;
      if (checked % SLICE === 0) await timers.sleep(0);
    }
    await previous;
  }
}
