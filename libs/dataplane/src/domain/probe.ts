/** The application protocol (ALPN, RFC 7301) of a handshake that is only a look at an edge. */
export const PROBE_PROTOCOL = 'banyan-probe';

/** What the accepting side says before it ends the connection. */
export const PROBE_ANSWER = Uint8Array.of(1);

/**
 * The server's choice of an application protocol, asked for only when a client offers any (RFC 7301 §3.2 then wants one
 * chosen). A probe is told from a connection by it. For everything else this proxy is a pipe that does not know what
 * the workload speaks: what a client has as its only wish, or HTTP/1.1, which a client that asked no further would use.
 */
export const chooseProtocol = (offered: readonly string[]): string | undefined => {
  if (offered.includes(PROBE_PROTOCOL)) return PROBE_PROTOCOL;
  return offered.includes('http/1.1') ? 'http/1.1' : offered[0];
};

/** When idle edges are looked at. Units: ms. */
export interface ProbePace {
  /** An edge is idle after so long without a full handshake. */
  readonly idleAfterMs: number;
  /** One edge is looked at so often at most, give or take a quarter. */
  readonly everyMs: number;
}

/** Unless another one is given: six looks a minute at an edge that nobody uses. */
export const PROBE_PACE: ProbePace = { idleAfterMs: 30_000, everyMs: 10_000 };

/** One edge (an upstream) and when it was last seen at work. */
export class EdgeActivity {
  #seenUnder: string | undefined;
  #seenAt = 0;
  #nextProbeAt = 0;

  /** A full handshake was made while `activeRootId` was the active root. */
  seen(activeRootId: string | undefined, now: number): void {
    this.#seenUnder = activeRootId;
    this.#seenAt = now;
  }

  /**
   * Whether a probe is due: none was made within the pace, and no handshake since the active root changed, or none
   * for the idle time. The next one then comes a quarter sooner or later than the pace, by `fraction` (0 to 1).
   */
  takeTurn(o: { activeRootId: string; now: number; pace: ProbePace; fraction: number }): boolean {
    const isIdle = this.#seenUnder !== o.activeRootId || o.now - this.#seenAt > o.pace.idleAfterMs;
    if (!isIdle || o.now < this.#nextProbeAt) return false;
    this.#nextProbeAt = o.now + o.pace.everyMs * (0.75 + o.fraction / 2);
    return true;
  }
}
