import { type ChainPlace, entryHash, type LedgerEntry } from './ledger-entry.js';

/** The first place at which a chain does not hold. */
export interface ChainBreak {
  /** The entry that is missing, changed or put in; for `end` and `anchor` the place that was expected. */
  readonly seq: number;
  /**
   * `missing`: no entry of this number. `changed`: what stands there is not what was hashed. `unlinked`: it does not
   * follow the entry before, or the ledger's beginning. `end`: the last entries are gone. `anchor`: the entry is not the
   * one that was noted earlier.
   */
  readonly kind: 'missing' | 'changed' | 'unlinked' | 'end' | 'anchor';
  readonly detail: string;
}

/** Follows a chain, entry by entry, from where it begins. The first break is kept; what comes after it proves nothing. */
export class ChainCheck {
  #place: ChainPlace;
  #entries = 0;
  #break: ChainBreak | undefined;

  /** `anchor`: a place that somebody noted earlier; the chain must still lead through it. */
  constructor(
    private readonly beginning: ChainPlace,
    private readonly anchor?: ChainPlace,
  ) {
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
  follow(entries: readonly LedgerEntry[]): boolean {
    for (const entry of entries) {
      if (this.#break !== undefined) break;
      this.#break = this.#fault(entry);
      if (this.#break !== undefined) break;
      this.#place = { seq: entry.seq, hash: entry.hash };
      this.#entries += 1;
      this.#checkAnchor(this.#place);
    }
    return this.#break === undefined;
  }

  /** There are no more entries: the chain must end where its head says. */
  end(head: ChainPlace): ChainBreak | undefined {
    if (this.#break !== undefined) return this.#break;
    const { seq, hash } = this.#place;
    if (head.seq !== seq || head.hash !== hash) {
      return this.#fail(
        Math.max(seq, head.seq),
        'end',
        `the ledger's head is entry ${head.seq}, its last entry ${seq}`,
      );
    }
    if (this.anchor !== undefined && this.anchor.seq > seq) {
      return this.#fail(
        this.anchor.seq,
        'anchor',
        `entry ${this.anchor.seq} was noted once; the last one now is ${seq}`,
      );
    }
    return undefined;
  }

  #fault(entry: LedgerEntry): ChainBreak | undefined {
    const expected = this.#place.seq + 1;
    if (entry.seq !== expected) {
      return { seq: expected, kind: 'missing', detail: `after entry ${this.#place.seq} comes entry ${entry.seq}` };
    }
    if (entry.hash !== entryHash(entry)) {
      return { seq: entry.seq, kind: 'changed', detail: `entry ${entry.seq} is not what its hash was made of` };
    }
    if (entry.prevHash !== this.#place.hash) {
      const before = this.#place.seq === this.beginning.seq ? "the ledger's beginning" : `entry ${this.#place.seq}`;
      return { seq: entry.seq, kind: 'unlinked', detail: `entry ${entry.seq} does not follow ${before}` };
    }
    return undefined;
  }

  #checkAnchor(place: ChainPlace): void {
    const { anchor } = this;
    if (anchor === undefined || anchor.seq > place.seq) return;
    // A place before the ledger's beginning was trimmed since: nothing is left to compare it with.
    if (anchor.seq < place.seq || anchor.hash === place.hash) return;
    this.#break = { seq: place.seq, kind: 'anchor', detail: `entry ${place.seq} has another hash than the one noted` };
  }

  #fail(seq: number, kind: ChainBreak['kind'], detail: string): ChainBreak {
    this.#break = { seq, kind, detail };
    return this.#break;
  }
}
