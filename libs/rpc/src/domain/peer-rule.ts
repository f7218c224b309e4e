import type { SpiffeId } from '@banyan/identity';

/** Where a server stands. */
export interface ServerPlace {
  /** '<uuid>.consul' */
  readonly trustDomain: string;
  readonly datacenter: string;
}

/** Decides whether a verified identity may call: undefined to allow, or the reason of the refusal. */
export type PeerRule = (peer: SpiffeId) => string | undefined;

const NO_PLACE = 'this server has no place in a trust domain yet';

/**
 * Who may call over LAN: agents of this trust domain and datacenter, and servers of this datacenter. `place` is asked
 * at every call, since a secondary learns its trust domain after it has begun to listen; until then all are refused.
 */
export const lanPeers =
  (place: () => ServerPlace | undefined): PeerRule =>
  (peer) => {
    const here = place();
    if (here === undefined) return NO_PLACE;
    if (peer.kind !== 'agent' && peer.kind !== 'server') return `a ${peer.kind} identity may not call over LAN`;
    if (peer.trustDomain !== here.trustDomain) return 'the identity is of another trust domain';
    if (peer.datacenter !== here.datacenter) return 'the identity is of another datacenter';
    return undefined;
  };

/** Who may call over WAN: servers of this trust domain, of any datacenter. */
export const wanPeers =
  (place: () => Pick<ServerPlace, 'trustDomain'> | undefined): PeerRule =>
  (peer) => {
    const here = place();
    if (here === undefined) return NO_PLACE;
    if (peer.kind !== 'server') return `a ${peer.kind} identity may not call over WAN`;
    if (peer.trustDomain !== here.trustDomain) return 'the identity is of another trust domain';
    return undefined;
  };

/** What a client demands of the server it reaches: a server identity of exactly this place. */
export const serverOf =
  (place: ServerPlace): PeerRule =>
  (peer) => {
    if (peer.kind !== 'server') return `a ${peer.kind} identity is not a server`;
    if (peer.trustDomain !== place.trustDomain) return 'the server is of another trust domain';
    if (peer.datacenter !== place.datacenter) return 'the server is of another datacenter';
    return undefined;
  };
