import { Clock, type EpochMs, epochMs, Random, type Timer, Timers } from '@banyan/kernel';

/** 2031-01-01T00:00:00Z: far from the present, so that a use of the machine's clock shows. */
const START = epochMs(Date.UTC(2031, 0, 1));

interface Waiter {
  due: number;
  readonly order: number;
  readonly callback: () => void;
}

class FakeClock extends Clock {
  constructor(private readonly time: FakeTime) {
    super();
  }
  override now(): EpochMs {
    return this.time.now;
  }
}

class FakeTimers extends Timers {
  constructor(private readonly time: FakeTime) {
    super();
  }
  override set(delayMs: number, callback: () => void): Timer {
    return this.time.schedule(delayMs, callback);
  }
}

/** A clock and timers that stand still until the test moves them, and that know who waits. */
export class FakeTime {
  readonly clock: Clock = new FakeClock(this);
  readonly timers: Timers = new FakeTimers(this);
  readonly #waiters = new Set<Waiter>();
  #now: number;
  #order = 0;

  constructor(start: EpochMs = START) {
    this.#now = start;
  }

  get now(): EpochMs {
    return epochMs(this.#now);
  }

  /** How long each waiter still has to wait, in ms, the next one first. */
  get waits(): readonly number[] {
    return [...this.#waiters].map((waiter) => waiter.due - this.#now).toSorted((a, b) => a - b);
  }

  schedule(delayMs: number, callback: () => void): Timer {
    const waiter = { due: this.#now + Math.max(0, delayMs), order: (this.#order += 1), callback };
    this.#waiters.add(waiter);
    return { clear: () => void this.#waiters.delete(waiter) };
  }

  /** Moves the clock without a timer noticing, as a clock that is set does. */
  jump(byMs: number): void {
    this.#now += byMs;
    for (const waiter of this.#waiters) waiter.due += byMs;
  }

  /** Lets `byMs` pass: each waiter is called at its moment, and whatever that leads to runs before the next one. */
  async advance(byMs: number): Promise<void> {
    const end = this.#now + byMs;
    await settled();
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#waiters.delete(next);
      this.#now = Math.max(this.#now, next.due);
      next.callback();
      await settled();
    }
    this.#now = end;
  }

  #next(end: number): Waiter | undefined {
    return [...this.#waiters]
      .filter((waiter) => waiter.due <= end)
      .toSorted((a, b) => a.due - b.due || a.order - b.order)[0];
  }
}

/** Resolves when everything that was ready to run has run; work of other threads may still be under way. */
export const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** Waits, in real time, for what real work (keys, sockets, a database) leads to. Throws with `what` after 10 s. */
export const eventually = async (what: string, holds: () => boolean): Promise<void> => {
  const limit = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > limit) throw new Error(`did not come true within 10 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
};

/** Chance that gives what it is told: the fractions in turn, the last one for ever. Bytes and UUIDs count up. */
export class ScriptedRandom extends Random {
  #drawn = 0;
  #count = 0;

  constructor(private readonly fractions: readonly [number, ...number[]] = [0]) {
    super();
  }

  /** How many fractions were drawn. */
  get drawn(): number {
    return this.#drawn;
  }

  override fraction(): number {
    const fraction = this.fractions[Math.min(this.#drawn, this.fractions.length - 1)]!;
    this.#drawn += 1;
    return fraction;
  }

  override bytes(length: number): Uint8Array {
    this.#count += 1;
    const bytes = Buffer.alloc(length, this.#count & 0xff);
    if (length >= 4) bytes.writeUInt32BE(this.#count, length - 4);
    return bytes;
  }

  override uuid(): string {
    this.#count += 1;
    return `00000000-0000-4000-8000-${this.#count.toString(16).padStart(12, '0')}`;
  }
}
