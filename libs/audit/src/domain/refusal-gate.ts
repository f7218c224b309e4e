import type { EpochMs } from '@banyan/kernel';

/** How many refusals are recorded one by one. */
export interface RefusalLimits {
  /** Span in ms over which refusals of one kind are counted. */
  readonly windowMs: number;
  /** Of one kind within the window. */
  readonly ofOneKind: number;
  /** Of all kinds within the window. */
  readonly altogether: number;
  /** Kinds that are told apart; the rest is counted together. */
  readonly kinds: number;
}

/** Refusals that were only counted: `more` like `first`. */
export interface CountedRefusals<Refusal> {
  readonly first: Refusal;
  readonly more: number;
  /** False when they were of several kinds. */
  readonly sameKind: boolean;
  readonly since: EpochMs;
}

interface Kind<Refusal> {
  seen: number;
  first: Refusal | undefined;
  more: number;
  since: EpochMs;
}

/** The kind that stands for all that no longer find a place. */
const REST = '';

/**
 * Decides which refusals get an entry of their own: whoever knocks a million times must not fill the disk, and must not
 * hide among entries what others did.
 */
export class RefusalGate<Refusal> {
  readonly #kinds = new Map<string, Kind<Refusal>>();
  #windowFrom: EpochMs | undefined;
  #recorded = 0;
  #counted = 0;

  constructor(private readonly limits: RefusalLimits) {}

  /** Refusals since the start that got no entry of their own. */
  get counted(): number {
    return this.#counted;
  }

  /** True: record it. False: it was counted, and {@link RefusalGate.due} tells of it. `kind` must not be empty. */
  admits(kind: string, refusal: Refusal, now: EpochMs): boolean {
    this.#beginWindow(now);
    const known = this.#kindOf(kind, now);
    known.seen += 1;
    const { ofOneKind, altogether } = this.limits;
    if (known.seen <= ofOneKind && this.#recorded < altogether && known !== this.#kinds.get(REST)) {
      this.#recorded += 1;
      return true;
    }
    known.first ??= refusal;
    known.more += 1;
    this.#counted += 1;
    return false;
  }

  /** What was counted since, once the window has passed, or at once when `atOnce`; another window begins. */
  due(now: EpochMs, atOnce = false): readonly CountedRefusals<Refusal>[] {
    if (this.#windowFrom === undefined) return [];
    if (!atOnce && now < this.#windowFrom + this.limits.windowMs) return [];
    const told = [...this.#kinds].flatMap(([kind, { first, more, since }]) =>
      first === undefined ? [] : [{ first, more, sameKind: kind !== REST, since }],
    );
    this.#kinds.clear();
    this.#windowFrom = undefined;
    this.#recorded = 0;
    return told;
  }

  /** A window in which nothing was counted ends by itself: there is nothing to tell of it. */
  #beginWindow(now: EpochMs): void {
    const { windowMs } = this.limits;
    const isOver = this.#windowFrom !== undefined && now >= this.#windowFrom + windowMs;
    if (isOver && [...this.#kinds.values()].every(({ first }) => first === undefined)) this.due(now);
    this.#windowFrom ??= now;
  }

  #kindOf(kind: string, now: EpochMs): Kind<Refusal> {
    const key = this.#kinds.has(kind) || this.#kinds.size < this.limits.kinds ? kind : REST;
    const known = this.#kinds.get(key) ?? { seen: 0, first: undefined, more: 0, since: now };
    this.#kinds.set(key, known);
    return known;
  }
}
