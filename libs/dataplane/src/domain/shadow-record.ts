import type { Shadow, ShadowFailure, SidecarReport } from '@banyan/adoption';
import type { EpochMs } from '@banyan/kernel';
import type { Direction, Standing } from './standing.js';
import type { TrustView } from './trust-view.js';

/** Named failing peers; the counts beside them are complete. As many as a report may carry. */
const MOST_FAILURES = 20;

/** One full handshake whose peer the real trust store accepted. */
export interface SeenHandshake {
  /** SPIFFE ID of the peer. */
  readonly peer: string;
  readonly direction: Direction;
  readonly standing: Standing;
  /** Opened only to look at an idle edge. */
  readonly isProbe: boolean;
  readonly now: EpochMs;
}

type Named = Omit<ShadowFailure, 'service'>;

/**
 * Counts accepted handshakes by the root above the peer, and what the shadow trust store (the active root alone) says of
 * them. Starts anew when the active root changes. Bounded: roots of the bundle, 20 named peers.
 */
export class ShadowRecord {
  readonly #handshakes = new Map<string, { count: number; lastAt: number }>();
  readonly #failures = new Map<string, Named>();
  #rootId: string | undefined;
  #isCompared = false;
  #checked = 0;
  #failed = 0;
  #probed = 0;

  follow(trust: TrustView): void {
    if (trust.active?.id !== this.#rootId) this.#handshakes.clear();
    if (trust.active?.id !== this.#rootId || !trust.isCompared) this.#restart();
    this.#rootId = trust.active?.id;
    this.#isCompared = trust.isCompared;
    for (const rootId of this.#handshakes.keys()) if (!trust.rootIds.includes(rootId)) this.#handshakes.delete(rootId);
  }

  /** Tells whether the shadow store refused. */
  count(handshake: SeenHandshake): boolean {
    const { standing, now } = handshake;
    if (standing.rootId !== undefined) {
      const seen = this.#handshakes.get(standing.rootId);
      this.#handshakes.set(standing.rootId, { count: (seen?.count ?? 0) + 1, lastAt: now });
    }
    if (!this.#isCompared) return false;
    this.#checked += 1;
    if (handshake.isProbe) this.#probed += 1;
    if (standing.shadowRefusal === undefined) return false;
    this.#failed += 1;
    this.#name(handshake, standing.shadowRefusal);
    return true;
  }

  /** What was seen, in the form of a report by `service`. */
  report(service: string): Pick<SidecarReport, 'handshakes' | 'shadow'> {
    const shadow: Shadow = {
      checked: this.#checked,
      failed: this.#failed,
      probed: this.#probed,
      failures: [...this.#failures.values()].map((failure) => ({ ...failure, service })),
    };
    if (this.#isCompared && this.#rootId !== undefined) shadow.rootId = this.#rootId;
    return {
      handshakes: Object.fromEntries([...this.#handshakes].map(([rootId, seen]) => [rootId, { ...seen }])),
      shadow,
    };
  }

  #restart(): void {
    this.#failures.clear();
    this.#checked = 0;
    this.#failed = 0;
    this.#probed = 0;
  }

  #name({ peer, direction, now }: SeenHandshake, reason: string): void {
    const key = `${direction}|${peer}`;
    const count = (this.#failures.get(key)?.count ?? 0) + 1;
    this.#failures.delete(key); // the least recent one stands first
    this.#failures.set(key, { peer, direction, reason, count, lastAt: now });
    if (this.#failures.size > MOST_FAILURES) this.#failures.delete(this.#failures.keys().next().value!);
  }
}
