import { randomBytes, randomUUID } from 'node:crypto';
import { type EpochMs, epochMs } from '../domain/brands.js';
import { Clock, Random, type Timer, Timers } from '../domain/clock.js';

/** The machine's clock. */
export class SystemClock extends Clock {
  override now(): EpochMs {
    return epochMs(Date.now());
  }
}

/** setTimeout holds at most 2^31-1 ms (24.8 days); a longer wait is made of several. */
const LONGEST_TIMEOUT_MS = 2_147_483_647;

/** Node's timers, unreferenced, and without setTimeout's limit of 24.8 days. */
export class SystemTimers extends Timers {
  override set(delayMs: number, callback: () => void): Timer {
    const due = Date.now() + Math.max(0, delayMs);
    let handle: NodeJS.Timeout;
    const arm = (): void => {
      const left = due - Date.now();
      handle =
        left > LONGEST_TIMEOUT_MS ? setTimeout(arm, LONGEST_TIMEOUT_MS) : setTimeout(callback, Math.max(0, left));
      handle.unref();
    };
    arm();
    return { clear: () => clearTimeout(handle) };
  }
}

/** The operating system's randomness. */
export class SystemRandom extends Random {
  override bytes(length: number): Uint8Array {
    return randomBytes(length);
  }
  override fraction(): number {
    return randomBytes(6).readUIntBE(0, 6) / 2 ** 48;
  }
  override uuid(): string {
    return randomUUID();
  }
}
