import type { SidecarReport } from '@banyan/adoption';
import type { EpochMs } from '@banyan/kernel';
import type { CuttableConnection } from './admission.js';
import { type LivePeer, LivePeers } from './live-peers.js';
import { type PeerChain, PeerChains } from './peer-chain.js';
import { type SeenHandshake, ShadowRecord } from './shadow-record.js';
import { type Direction, regardless, type Standing, standingOf, standsByDenied, stoodUnder } from './standing.js';
import { type TaintedDeparture, TaintedRoots } from './tainted-roots.js';
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

/** Why a live connection is cut. */
const TAINTED = 'its chain stands only under a compromised root, which has left the trust bundle';
const DENIED = 'its chain leads through a key that is denied';

/**
 * The second verification. TLS decides over a handshake; this says under which root the peer stands, counts what the
 * shadow trust store would have said, and finds live connections under a compromised root that has left the bundle.
 */
export class PeerJudge {
  readonly #chains = new PeerChains();
  readonly #record = new ShadowRecord();
  readonly #live = new LivePeers();
  readonly #tainted = new TaintedRoots();
  /** The finding of a chain holds while the bundle is the same and no certificate on the way has ended. */
  readonly #standings: Readonly<Record<Direction, WeakMap<PeerChain, Remembered>>> = {
    inbound: new WeakMap(),
    outbound: new WeakMap(),
  };

  #trust: TrustView;
  /** Set while live connections wait for being held against keys that were denied meanwhile. */
  #denial: { readonly keys: ReadonlySet<string> } | undefined;

  constructor(trust: TrustView) {
    this.#trust = trust;
    this.#record.follow(trust);
    this.#tainted.follow(trust, trust);
  }

  get trust(): TrustView {
    return this.#trust;
  }

  /** From now on chains are judged by `trust`. Live connections are not looked at: see {@link cutTainted}. */
  follow(trust: TrustView): void {
    this.#tainted.follow(this.#trust, trust);
    const { deniedKeys } = this.#trust;
    if ([...trust.deniedKeys].some((key) => !deniedKeys.has(key))) this.#denial = { keys: trust.deniedKeys };
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

  /** From now on the connection is found by {@link cutTainted}, until `forget` is called. */
  track(chain: PeerChain, direction: Direction, connection: CuttableConnection): { forget(): void } {
    const peer = { chain, direction };
    this.#live.track(peer, connection);
    return { forget: () => this.#live.forget(peer, connection) };
  }

  /**
   * Cuts the live connections whose chain stands under a compromised root that has left the bundle, and under no other
   * root that was there with it, and those whose chain leads through a key that was denied: peer by peer, and after each one the caller may let others run. A root that was retired as
   * planned cuts nothing: the handshake was good. Ends by itself when the bundle has changed meanwhile; the next pass then
   * looks at what this one has not.
   */
  *cutTainted(now: EpochMs): Generator<void> {
    const { departure } = this.#tainted;
    const denial = this.#denial;
    if (departure === undefined && denial === undefined) return;
    for (const peer of this.#live.list()) {
      if (this.#tainted.departure !== departure || this.#denial !== denial) return;
      const reason = this.#refusalOf(peer, { departure, now });
      if (reason !== undefined) for (const connection of peer.connections) connection.cut(reason);
      yield;
    }
    if (departure !== undefined) this.#tainted.lookedAt(departure);
    this.#denial = undefined;
  }

  report(service: string): Pick<SidecarReport, 'handshakes' | 'shadow'> {
    return this.#record.report(service);
  }

  #refusalOf(
    peer: LivePeer,
    { departure, now }: { readonly departure: TaintedDeparture | undefined; readonly now: EpochMs },
  ): string | undefined {
    if (departure !== undefined && this.#stoodOnlyUnder(departure, peer, now)) return TAINTED;
    if (this.#denial === undefined) return undefined;
    const { chain, direction } = peer;
    return standsByDenied({ chain, direction, trust: this.#trust, now }, this.#tainted.known) ? DENIED : undefined;
  }

  #stoodOnlyUnder({ left, others }: TaintedDeparture, { chain, direction }: LivePeer, now: EpochMs): boolean {
    const question = { chain, trust: this.#trust, direction, now };
    return !stoodUnder(question, others, left) && stoodUnder(regardless(question), left);
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
