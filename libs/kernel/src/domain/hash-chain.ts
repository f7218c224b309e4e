import { createHash } from 'node:crypto';

/** A place in a chain of hashes: the number of an entry, and its hash (SHA-256, lower-case hex). */
export interface ChainPlace {
  readonly seq: number;
  readonly hash: string;
}

/** What an entry of a chain shows to whoever follows it. */
export interface ChainLink extends ChainPlace {
  /** The hash of the entry before. */
  readonly prevHash: string;
}

/** The first place at which a chain does not hold. */
export interface ChainBreak {
  /** The entry that is missing, changed or put in; for `end` and `anchor` the place that was expected. */
  readonly seq: number;
  /**
   * `missing`: no entry of this number. `changed`: what stands there is not what was hashed. `unlinked`: it does not
   * follow the entry before, or the chain's beginning. `end`: the last entries are gone. `anchor`: the entry is not the
   * one that was noted earlier.
   */
  readonly kind: 'missing' | 'changed' | 'unlinked' | 'end' | 'anchor';
  readonly detail: string;
}

/** What {@link ChainCheck} needs. */
export interface ChainCheckOptions<Entry> {
  /** What the chain is called in a break's words: `the ledger`. */
  readonly name: string;
  /** The entry as a link: its number and hash as stored, and the hash before it. */
  readonly linkOf: (entry: Entry) => ChainLink;
  /** The hash that the entry should have. */
  readonly hashOf: (entry: Entry) => string;
  readonly beginning: ChainPlace;
  /** A place that somebody noted earlier; the chain must still lead through it. */
  readonly anchor?: ChainPlace | undefined;
}

/** SHA-256 of a text, lower-case hex. */
export const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Follows a chain, entry by entry, from where it begins. The first break is kept; what comes after it proves nothing. */
export class ChainCheck<Entry> {
  #place: ChainPlace;
  #entries = 0;
  #break: ChainBreak | undefined;

  constructor(private readonly options: ChainCheckOptions<Entry>) {
    const { beginning, anchor } = options;
    this.#place = beginning;
    if (anchor !== undefined && anchor.seq <= beginning.seq) this.#checkAnchor(beginning);
  }

  /** Where the chain was followed to. */
  get place(): ChainPlace {
    return this.#place;
  }

  /** Entries that hold. */
  get entries(): number {
    return this.#entries;
  }

  get firstBreak(): ChainBreak | undefined {
    return this.#break;
  }

  /** The next entries in order; false as soon as the chain is broken. */
  follow(entries: readonly Entry[]): boolean {
    for (const entry of entries) {
      if (this.#break !== undefined) break;
      this.#break = this.#fault(entry);
      if (this.#break !== undefined) break;
      const { seq, hash } = this.options.linkOf(entry);
      this.#place = { seq, hash };
      this.#entries += 1;
      this.#checkAnchor(this.#place);
    }
    return this.#break === undefined;
  }

  /** There are no more entries: the chain must end where its head says. */
  end(head: ChainPlace): ChainBreak | undefined {
    if (this.#break !== undefined) return this.#break;
    const { seq, hash } = this.#place;
    const { name, anchor } = this.options;
    if (head.seq !== seq || head.hash !== hash) {
      return this.#fail(Math.max(seq, head.seq), 'end', `${name}'s head is entry ${head.seq}, its last entry ${seq}`);
    }
    if (anchor !== undefined && anchor.seq > seq) {
      return this.#fail(anchor.seq, 'anchor', `entry ${anchor.seq} was noted once; the last one now is ${seq}`);
    }
    return undefined;
  }

  #fault(entry: Entry): ChainBreak | undefined {
    const { seq, hash, prevHash } = this.options.linkOf(entry);
    const expected = this.#place.seq + 1;
    if (seq !== expected) {
      return { seq: expected, kind: 'missing', detail: `after entry ${this.#place.seq} comes entry ${seq}` };
    }
    if (hash !== this.options.hashOf(entry)) {
      return { seq, kind: 'changed', detail: `entry ${seq} is not what its hash was made of` };
    }
    if (prevHash !== this.#place.hash) {
      const { name, beginning } = this.options;
      const before = this.#place.seq === beginning.seq ? `${name}'s beginning` : `entry ${this.#place.seq}`;
      return { seq, kind: 'unlinked', detail: `entry ${seq} does not follow ${before}` };
    }
    return undefined;
  }

  #checkAnchor(place: ChainPlace): void {
    const { anchor } = this.options;
    if (anchor === undefined || anchor.seq > place.seq) return;
    // A place before the chain's beginning was trimmed since: nothing is left to compare it with.
    if (anchor.seq < place.seq || anchor.hash === place.hash) return;
    this.#break = { seq: place.seq, kind: 'anchor', detail: `entry ${place.seq} has another hash than the one noted` };
  }

  #fail(seq: number, kind: ChainBreak['kind'], detail: string): ChainBreak {
    this.#break = { seq, kind, detail };
    return this.#break;
  }
}
