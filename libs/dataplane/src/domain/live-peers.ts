import type { CuttableConnection } from './admission.js';
import type { PeerChain } from './peer-chain.js';
import type { Direction } from './standing.js';

/** The connections of all peers that presented one chain. */
export interface LivePeer {
  readonly chain: PeerChain;
  readonly direction: Direction;
  readonly connections: ReadonlySet<CuttableConnection>;
}

/** Live connections by what their peer presented, so that each chain is judged once, however many connections it has. */
export class LivePeers {
  readonly #live = new Map<string, LivePeer & { readonly connections: Set<CuttableConnection> }>();

  get size(): number {
    return this.#live.size;
  }

  track(peer: Omit<LivePeer, 'connections'>, connection: CuttableConnection): void {
    const key = keyOf(peer);
    const live = this.#live.get(key);
    if (live === undefined) this.#live.set(key, { ...peer, connections: new Set([connection]) });
    else live.connections.add(connection);
  }

  forget(peer: Omit<LivePeer, 'connections'>, connection: CuttableConnection): void {
    const key = keyOf(peer);
    const live = this.#live.get(key);
    if (live === undefined) return;
    live.connections.delete(connection);
    if (live.connections.size === 0) this.#live.delete(key);
  }

  list(): readonly LivePeer[] {
    return [...this.#live.values()];
  }
}

const keyOf = ({ chain, direction }: Omit<LivePeer, 'connections'>): string => `${direction}|${chain.key}`;
