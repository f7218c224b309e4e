import { ChainCheck, type ChainPlace } from '@banyan/kernel';
import { type AuditBreak, AuditCheck } from './audit-check.js';
import { type AuditEntry, auditGenesis, auditHash, fromWireAudit, serverGenesis } from './audit-entry.js';

/** What lines of a trail show by themselves, without any server. */
export interface AuditLinesProof {
  readonly valid: boolean;
  /** Entries that hold, up to the break if there is one. */
  readonly entries: number;
  /** The place before the first line: what stood there cannot be seen from here unless it is entry 0. */
  readonly from: ChainPlace | undefined;
  /** The last entry that holds; note it elsewhere. */
  readonly head: ChainPlace | undefined;
  readonly firstBreak?: AuditBreak & { /** Counts from 1. */ readonly line: number };
}

/** How {@link AuditLines} reads. */
export interface AuditLinesOptions {
  /**
   * `datacenter`: an export, every server's entries in order. `server`: the file that one server writes, whose entries
   * are linked among themselves.
   */
  readonly chain: 'datacenter' | 'server';
  /** A place of an earlier proof through which the lines must lead. */
  readonly anchor?: ChainPlace;
}

type Follower = Pick<AuditCheck, 'place' | 'entries' | 'firstBreak' | 'follow'> | ChainCheck<AuditEntry>;

/** Proves an export or a server's file, line by line; pure, and bounded in memory however many lines there are. */
export class AuditLines {
  #line = 0;
  #check: Follower | undefined;
  #from: ChainPlace | undefined;
  #break: AuditLinesProof['firstBreak'];
  #last: AuditEntry | undefined;

  constructor(private readonly options: AuditLinesOptions) {}

  /** The next line, without its line break; empty ones are left out. False as soon as the trail is broken. */
  follow(line: string): boolean {
    this.#line += 1;
    if (this.#break !== undefined || line.trim() === '') return this.#break === undefined;
    const entry = read(line);
    if (entry === undefined) {
      const seq = (this.#check?.place.seq ?? 0) + 1;
      this.#break = { line: this.#line, seq, kind: 'changed', detail: `line ${this.#line} is no entry of a trail` };
      return false;
    }
    const check = (this.#check ??= this.#begin(entry));
    check.follow([entry]);
    if (check.firstBreak !== undefined) this.#break = { line: this.#line, ...check.firstBreak };
    this.#last = entry;
    return this.#break === undefined;
  }

  /** There are no more lines. */
  end(): AuditLinesProof {
    const head = this.#check?.place;
    const { anchor } = this.options;
    if (this.#break === undefined && anchor !== undefined && anchor.seq > (head?.seq ?? 0)) {
      const detail = `entry ${anchor.seq} was noted once; the last one here is ${head?.seq ?? 0}`;
      this.#break = { line: this.#line, seq: anchor.seq, kind: 'anchor', detail };
    }
    const proof = { entries: this.#check?.entries ?? 0, from: this.#from, head };
    return this.#break === undefined ? { valid: true, ...proof } : { valid: false, ...proof, firstBreak: this.#break };
  }

  /** The last entry that was read. */
  get last(): AuditEntry | undefined {
    return this.#last;
  }

  #begin(first: AuditEntry): Follower {
    const { anchor, chain } = this.options;
    const { datacenter, server } = first;
    if (chain === 'server') {
      const seq = first.serverSeq - 1;
      const beginning = { seq, hash: seq === 0 ? serverGenesis(datacenter, server) : first.serverPrevHash };
      this.#from = beginning;
      return new ServerLines(server, datacenter, { beginning, anchor });
    }
    const seq = first.seq - 1;
    const beginning = { seq, hash: seq === 0 ? auditGenesis(datacenter) : first.prevHash };
    this.#from = beginning;
    return new DatacenterLines(datacenter, beginning, anchor);
  }
}

/** Servers whose earlier entries are not among the lines begin where they are first seen. */
class DatacenterLines extends AuditCheck {
  readonly #begun = new Set<string>();

  constructor(
    datacenter: string,
    private readonly beginning: ChainPlace,
    anchor: ChainPlace | undefined,
  ) {
    super(datacenter, { datacenter: beginning, servers: new Map() }, anchor);
  }

  override follow(entries: readonly AuditEntry[]): boolean {
    for (const { server, serverSeq, serverPrevHash } of entries) {
      if (!this.#begun.has(server) && this.beginning.seq > 0) {
        this.begin(server, { seq: serverSeq - 1, hash: serverPrevHash });
      }
      this.#begun.add(server);
    }
    return super.follow(entries);
  }
}

/** The file of one server: an entry of another one does not belong there. */
class ServerLines extends ChainCheck<AuditEntry> {
  constructor(
    server: string,
    datacenter: string,
    place: { readonly beginning: ChainPlace; readonly anchor: ChainPlace | undefined },
  ) {
    super({
      name: `the file of ${server}`,
      linkOf: ({ serverSeq, hash, serverPrevHash }) => ({ seq: serverSeq, hash, prevHash: serverPrevHash }),
      // One that is another's has no place in this chain, whatever it was made of.
      hashOf: (entry) => (entry.server === server && entry.datacenter === datacenter ? auditHash(entry) : ''),
      ...place,
    });
  }
}

const read = (line: string): AuditEntry | undefined => {
  try {
    return fromWireAudit(JSON.parse(line));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};

/** Proves lines that are all there: see {@link AuditLines}. */
export const verifyAuditLines = (lines: Iterable<string>, options: AuditLinesOptions): AuditLinesProof => {
  const check = new AuditLines(options);
  for (const line of lines) if (!check.follow(line)) break;
  return check.end();
};
