import { ApiError } from '../../api/api-error.js';

/** Something with a number; lists of it are the newest first. */
export interface Numbered {
  readonly Seq: number;
}

/** A part of a list, and the `before` of the next part; absent on the last. */
export interface RowPage<Row> {
  readonly rows: readonly Row[];
  readonly next?: number | undefined;
}

/** Where rows come from. */
export interface RowSource<Row> {
  /** Rows whose number is below `before` (absent: the newest), at most `limit`. */
  readonly fetch: (before: number | undefined, limit: number, signal: AbortSignal) => Promise<RowPage<Row>>;
  /** Whether numbers have no gap, so that the place of any row is known: nothing is filtered. */
  readonly isDense: boolean;
}

/** Rows asked for at once. */
export const PAGE_ROWS = 200;
/** Pages in memory; what was seen longer ago is asked again when it comes into view. 24 × 200 rows are some 3 MB. */
export const KEPT_PAGES = 24;
/** Browsers end a document at some 16 million pixels: more rows than these are reached by a time or a search. */
export const MOST_ROWS = 400_000;

/**
 * A list of any length of which only the pages near what is in view are in memory. A dense list is entered anywhere; another
 * one grows at its end, page by page, while somebody scrolls down.
 */
export class PagedRows<Row extends Numbered> {
  readonly #pages = new Map<number, readonly Row[]>();
  /** The `before` of each page that is known. */
  readonly #starts: (number | undefined)[] = [undefined];
  readonly #underway = new Map<number, AbortController>();
  #wanted: readonly number[] = [];
  #head = 0;
  #count = 0;
  #isWhole = false;
  #error: ApiError | undefined;

  constructor(
    private readonly source: RowSource<Row>,
    /** Called after every change of what can be read here. */
    private readonly changed: () => void,
  ) {}

  /** Rows as far as they are known to exist. */
  get count(): number {
    return this.#count;
  }

  /** False while there may be more rows than `count`. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Why the last page that was asked for is not there. */
  get error(): ApiError | undefined {
    return this.#error;
  }

  /** The highest number there was when the list was opened; 0 for an empty list. */
  get head(): number {
    return this.#head;
  }

  /** Pages in memory. */
  get kept(): number {
    return this.#pages.size;
  }

  /** Asks for the first page; of a dense list also where it ends. Rejects with ApiError. */
  async open(signal: AbortSignal): Promise<void> {
    const { rows, next } = await this.source.fetch(undefined, PAGE_ROWS, signal);
    this.#pages.set(0, rows);
    this.#head = rows[0]?.Seq ?? 0;
    this.#count = rows.length;
    this.#isWhole = next === undefined;
    if (this.#isWhole) return this.changed();
    if (this.source.isDense) {
      this.#count = Math.min(MOST_ROWS, this.#head - (await this.#lowest(signal)) + 1);
      this.#isWhole = true;
    } else this.#starts[1] = next;
    this.changed();
  }

  /** The row at a place; undefined while its page is not in memory. */
  rowAt(index: number): Row | undefined {
    return this.#pages.get(Math.floor(index / PAGE_ROWS))?.[index % PAGE_ROWS];
  }

  /** Asks for what is missing between two places, and gives up what was asked for elsewhere. */
  want(first: number, last: number): void {
    const from = Math.floor(first / PAGE_ROWS);
    const to = Math.floor(Math.max(0, last) / PAGE_ROWS);
    this.#wanted = Array.from({ length: to - from + 1 }, (_, at) => from + at);
    // The end is near: a list that grows asks for its next page.
    if (!this.#isWhole && last >= this.#count - PAGE_ROWS / 2)
      this.#wanted = [...this.#wanted, this.#starts.length - 1];
    for (const [page, underway] of this.#underway) {
      if (this.#wanted.includes(page)) continue;
      this.#underway.delete(page);
      underway.abort();
    }
    for (const page of this.#wanted) void this.#load(page);
  }

  /** Asks again for what failed. */
  retry(): void {
    this.#error = undefined;
    for (const page of this.#wanted) void this.#load(page);
    this.changed();
  }

  /** Gives up whatever is under way. */
  close(): void {
    for (const underway of this.#underway.values()) underway.abort();
    this.#underway.clear();
  }

  #startOf(page: number): number | undefined {
    return this.source.isDense ? this.#head + 1 - page * PAGE_ROWS : this.#starts[page];
  }

  async #load(page: number): Promise<void> {
    const present = this.#pages.get(page);
    if (present !== undefined) {
      this.#pages.delete(page);
      this.#pages.set(page, present);
      return;
    }
    const start = this.#startOf(page);
    if (this.#underway.has(page) || start === undefined || start <= 0) return;
    const underway = new AbortController();
    this.#underway.set(page, underway);
    try {
      const { rows, next } = await this.source.fetch(start, PAGE_ROWS, underway.signal);
      if (!underway.signal.aborted) this.#take(page, rows, next);
    } catch (error) {
      if (!underway.signal.aborted) this.#error = ApiError.of(error);
    } finally {
      if (this.#underway.get(page) === underway) this.#underway.delete(page);
      if (!underway.signal.aborted) this.changed();
    }
  }

  #take(page: number, rows: readonly Row[], next: number | undefined): void {
    this.#error = undefined;
    this.#pages.set(page, rows);
    if (!this.source.isDense && page === this.#starts.length - 1 && !this.#isWhole) {
      this.#count = Math.min(MOST_ROWS, page * PAGE_ROWS + rows.length);
      this.#isWhole = next === undefined || this.#count === MOST_ROWS;
      if (!this.#isWhole) this.#starts.push(next);
    }
    for (const kept of this.#pages.keys()) {
      if (this.#pages.size <= KEPT_PAGES) break;
      // The first page stays: it is where everybody comes back to.
      if (kept !== 0 && !this.#wanted.includes(kept)) this.#pages.delete(kept);
    }
  }

  /** The lowest number there is: 1, unless retention took a part away; then it is halved in on, in some twenty questions. */
  async #lowest(signal: AbortSignal): Promise<number> {
    const hasBelow = async (before: number): Promise<boolean> =>
      (await this.source.fetch(before, 1, signal)).rows.length > 0;
    if (await hasBelow(2)) return 1;
    let absent = 1;
    let present = this.#head;
    while (present - absent > 1) {
      const middle = Math.floor((absent + present) / 2);
      if (await hasBelow(middle + 1)) present = middle;
      else absent = middle;
    }
    return present;
  }
}
