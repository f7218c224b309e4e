import { ChainCheck, type ChainBreak, type ChainPlace } from '@banyan/kernel';
import { type AuditEntry, auditGenesis, auditHash, serverGenesis } from './audit-entry.js';

/** Ends of the chains of servers, by their names. */
export type ServerPlaces = ReadonlyMap<string, ChainPlace>;

/** The first place at which a trail does not hold. */
export interface AuditBreak extends ChainBreak {
  /** The server whose chain it is about; absent when it is the datacenter's. */
  readonly server?: string;
}

/** Where a trail begins: after what retention took away, or at nothing. */
export interface AuditBeginning {
  readonly datacenter: ChainPlace;
  readonly servers: ServerPlaces;
}

/** The beginning of a trail of which nothing was taken away. */
export const wholeTrail = (datacenter: string): AuditBeginning => ({
  datacenter: { seq: 0, hash: auditGenesis(datacenter) },
  servers: new Map(),
});

/**
 * Follows the joined chain of a datacenter, and in it the chain of every server. Whoever takes the last entries of one
 * server away breaks the joined chain, unless everything after them goes as well.
 */
export class AuditCheck {
  readonly #joined: ChainCheck<AuditEntry>;
  readonly #servers: Map<string, ChainPlace>;
  #break: AuditBreak | undefined;

  constructor(
    private readonly datacenter: string,
    beginning: AuditBeginning,
    anchor?: ChainPlace,
  ) {
    this.#joined = new ChainCheck<AuditEntry>({
      name: 'the trail',
      linkOf: (entry) => entry,
      hashOf: auditHash,
      beginning: beginning.datacenter,
      anchor,
    });
    this.#servers = new Map(beginning.servers);
  }

  get place(): ChainPlace {
    return this.#joined.place;
  }

  get servers(): ServerPlaces {
    return this.#servers;
  }

  get entries(): number {
    return this.#joined.entries;
  }

  get firstBreak(): AuditBreak | undefined {
    return this.#break;
  }

  /** The next entries in order; false as soon as the trail is broken. */
  follow(entries: readonly AuditEntry[]): boolean {
    for (const entry of entries) {
      if (this.#break !== undefined) break;
      this.#break = this.#faultOf(entry);
    }
    return this.#break === undefined;
  }

  /** Where the chain of a server begins whose earlier entries nobody shows. */
  protected begin(server: string, place: ChainPlace): void {
    this.#servers.set(server, place);
  }

  /** There are no more entries: every chain must end where its head says. */
  end(heads: AuditBeginning): AuditBreak | undefined {
    this.#break ??= this.#joined.end(heads.datacenter);
    for (const server of new Set([...heads.servers.keys(), ...this.#servers.keys()])) {
      this.#break ??= this.#serverEnd(server, heads.servers.get(server));
    }
    return this.#break;
  }

  #faultOf(entry: AuditEntry): AuditBreak | undefined {
    if (entry.datacenter !== this.datacenter) {
      const detail = `entry ${entry.seq} is of ${entry.datacenter}, not of ${this.datacenter}`;
      return { seq: entry.seq, kind: 'unlinked', server: entry.server, detail };
    }
    if (!this.#joined.follow([entry])) return { ...this.#joined.firstBreak!, server: entry.server };
    const fault = serverFault(this.#placeOf(entry.server), entry);
    this.#servers.set(entry.server, { seq: entry.serverSeq, hash: entry.hash });
    // What was noted earlier is compared after the entry was taken.
    return fault ?? this.#joined.firstBreak;
  }

  #serverEnd(server: string, head: ChainPlace | undefined): AuditBreak | undefined {
    const place = this.#placeOf(server);
    if (head !== undefined && head.seq === place.seq && head.hash === place.hash) return undefined;
    const detail = `the head of ${server} is its entry ${head?.seq ?? 0}, its last entry ${place.seq}`;
    return { seq: this.place.seq, kind: 'end', server, detail };
  }

  #placeOf(server: string): ChainPlace {
    return this.#servers.get(server) ?? { seq: 0, hash: serverGenesis(this.datacenter, server) };
  }
}

const serverFault = (place: ChainPlace, entry: AuditEntry): AuditBreak | undefined => {
  const { seq, server, serverSeq } = entry;
  if (serverSeq !== place.seq + 1) {
    const detail = `entry ${seq} is entry ${serverSeq} of ${server}, after its entry ${place.seq}`;
    return { seq, kind: 'missing', server, detail };
  }
  if (entry.serverPrevHash === place.hash) return undefined;
  return { seq, kind: 'unlinked', server, detail: `entry ${seq} does not follow entry ${place.seq} of ${server}` };
};
