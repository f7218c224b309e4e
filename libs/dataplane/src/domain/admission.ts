import { messageOf } from '@banyan/kernel';
import type { Authorization, MeshSource } from '../ports/mesh-source.js';
import type { ServicePeer } from './peer-identity.js';

/** How many sources are asked about at once when live connections are checked again. */
const RECHECK_WIDTH = 16;

/** A connection that can be cut, and learns why. */
export interface CuttableConnection {
  cut(reason: string): void;
}

interface LiveSource {
  readonly peer: ServicePeer;
  readonly connections: Set<CuttableConnection>;
}

/**
 * Decides over incoming connections and keeps deciding over live ones.
 *
 * A connection is tracked *before* the agent is asked about it. So a change of intentions that arrives while the
 * question is under way finds the connection and cuts it; an answer from before the change cannot slip through.
 */
export class Admission {
  readonly #live = new Map<string, LiveSource>();

  constructor(
    private readonly target: string,
    private readonly source: Pick<MeshSource, 'authorize'>,
  ) {}

  /** Tracks the connection until {@link forget}, and asks whether it may go on. No answer is a "no". */
  async admit(peer: ServicePeer, connection: CuttableConnection): Promise<Authorization> {
    this.#track(peer, connection);
    try {
      return await this.#ask(peer);
    } catch (error) {
      return { authorized: false, reason: `the agent could not be asked: ${messageOf(error)}` };
    }
  }

  forget(peer: ServicePeer, connection: CuttableConnection): void {
    const key = keyOf(peer);
    const live = this.#live.get(key);
    if (live === undefined) return;
    live.connections.delete(connection);
    if (live.connections.size === 0) this.#live.delete(key);
  }

  /**
   * Asks again about every source with live connections and cuts those that are denied now. Connections whose source
   * could not be asked about stay: a restarting agent must not cut what it allowed before.
   * Resolves to whether all could be asked about.
   */
  async recheck(): Promise<boolean> {
    const sources = [...this.#live.values()];
    let askedAll = true;
    for (let first = 0; first < sources.length; first += RECHECK_WIDTH) {
      const answers = await Promise.all(
        sources.slice(first, first + RECHECK_WIDTH).map((live) => this.#recheckOne(live)),
      );
      askedAll &&= !answers.includes(false);
    }
    return askedAll;
  }

  async #recheckOne(live: LiveSource): Promise<boolean> {
    let answer: Authorization;
    try {
      answer = await this.#ask(live.peer);
    } catch {
      return false; // the source logs that the agent is away, once
    }
    if (!answer.authorized) for (const connection of live.connections) connection.cut(answer.reason);
    return true;
  }

  #ask(peer: ServicePeer): Promise<Authorization> {
    return this.source.authorize({ target: this.target, clientCertUri: peer.uri, clientCertSerial: peer.serial });
  }

  #track(peer: ServicePeer, connection: CuttableConnection): void {
    const key = keyOf(peer);
    const live = this.#live.get(key);
    if (live === undefined) this.#live.set(key, { peer, connections: new Set([connection]) });
    else live.connections.add(connection);
  }
}

const keyOf = (peer: ServicePeer): string => `${peer.serial}|${peer.uri}`;
