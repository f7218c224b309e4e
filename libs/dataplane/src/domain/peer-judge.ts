import type { SidecarReport } from '@banyan/adoption';
import type { EpochMs } from '@banyan/kernel';
import type { CuttableConnection } from './admission.js';
import { type LivePeer, LivePeers } from './live-peers.js';
import { type PeerChain, PeerChains } from './peer-chain.js';
import { type SeenHandshake, ShadowRecord } from './shadow-record.js';
import { type Direction, type Standing, standingOf } from './standing.js';
import type { TrustView } from './trust-view.js';

/** What is found of a peer that TLS has accepted. */
export interface Judgement {
  readonly chain: PeerChain;
  readonly standing: Standing;
}

interface Remembered {
  readonly trust: TrustView;
  readonly standing: Standing;
}

/** Why a connection is cut when its root left the bundle. */
const NO_ROOT_ABOVE = 'its chain stands under no root of the trust bundle any more';

/**
 * The second verification. TLS decides over a handshake; this says under which root the peer stands, counts what the
 * shadow trust store would have said, and finds live connections whose root has left the bundle.
 */
export class PeerJudge {
  readonly #chains = new PeerChains();
  readonly #record = new ShadowRecord();
  readonly #live = new LivePeers();
  /** The finding of a chain holds while the bundle is the same and no certificate on the way has ended. */
  readonly #standings: Readonly<Record<Direction, WeakMap<PeerChain, Remembered>>> = {
    inbound: new WeakMap(),
    outbound: new WeakMap(),
  };

  #trust: TrustView;

  constructor(trust: TrustView) {
    this.#trust = trust;
    this.#record.follow(trust);
  }

  get trust(): TrustView {
    return this.#trust;
  }

  /** From now on chains are judged by `trust`. Live connections are not looked at: see {@link untrusted}. */
  follow(trust: TrustView): void {
    this.#trust = trust;
    this.#record.follow(trust);
  }

  /** `ders` is what the peer presented, its leaf first. Throws `CERTIFICATE_INVALID`, `INPUT_TOO_LARGE`. */
  judge(ders: readonly Uint8Array[], direction: Direction, now: EpochMs): Judgement {
    const chain = this.#chains.read(ders);
    return { chain, standing: this.#standing(chain, direction, now) };
  }

  /** Counts a handshake and tells whether the shadow trust store refused it. */
  count(handshake: SeenHandshake): boolean {
    return this.#record.count(handshake);
  }

  /** From now on the connection is found by {@link untrusted}, until `forget` is called. */
  track(chain: PeerChain, direction: Direction, connection: CuttableConnection): { forget(): void } {
    const peer = { chain, direction };
    this.#live.track(peer, connection);
    return { forget: () => this.#live.forget(peer, connection) };
  }

  /**
   * Cuts the live connections whose chain stands under no root of the bundle, peer by peer: after each one the caller may
   * let others run. Ends by itself when the bundle has changed meanwhile. A chain that has expired since its handshake is
   * no reason to cut: it is judged as of both moments, its own end and now.
   */
  *untrusted(now: EpochMs): Generator<void> {
    const { trust } = this;
    for (const peer of this.#live.list()) {
      if (this.trust !== trust) return;
      if (!this.#stands(peer, now)) for (const connection of peer.connections) connection.cut(NO_ROOT_ABOVE);
      yield;
    }
  }

  report(service: string): Pick<SidecarReport, 'handshakes' | 'shadow'> {
    return this.#record.report(service);
  }

  #stands({ chain, direction }: LivePeer, now: EpochMs): boolean {
    const present = this.#standing(chain, direction, now);
    if (present.rootId !== undefined) return true;
    const ends = chain.certificates.map(({ notAfter }) => notAfter).filter((end) => end < now);
    return ends.some((end) => this.#standing(chain, direction, end).rootId !== undefined);
  }

  #standing(chain: PeerChain, direction: Direction, now: EpochMs): Standing {
    const known = this.#standings[direction].get(chain);
    const { trust } = this;
    if (known?.trust === trust && (known.standing.validUntil ?? 0) >= now) return known.standing;
    const standing = standingOf({ chain, trust, direction, now });
    // A refusal is found anew each time: it may end by itself, as when a clock was behind.
    if (standing.validUntil !== undefined) this.#standings[direction].set(chain, { trust, standing });
    return standing;
  }
}
