import { type DatacenterAdoption, materialAdoptionHash } from '@banyan/adoption';
import type { EpochMs } from '@banyan/kernel';

/** So often at least the primary hears from us, whether anything changed or not. */
const REPORT_MS = 3_000;
/** And so often at most for changes of adoption. */
const LEAST_GAP_MS = 1_000;
/** How soon it is looked again for a change that a sibling server heard of. */
const LOOK_MS = 1_000;

/** When the primary is to be told: at once when a gate of a rotation may hang on it, or somebody asked for it, else every 3 s. */
export class ReportTiming {
  #told: { readonly hash: string; readonly at: EpochMs } | undefined;
  #hurried = false;

  /** The next report goes out at once: our signing authority changed, or a canary came back. */
  hurry(): void {
    this.#hurried = true;
  }

  /** 0 when it is to be told now, else the ms after which to look again. */
  waitMs(adoption: DatacenterAdoption, now: EpochMs): number {
    if (this.#told === undefined || this.#hurried) return 0;
    const age = now - this.#told.at;
    // A clock that was set back must not silence us.
    if (age < 0 || age >= REPORT_MS) return 0;
    if (materialAdoptionHash(adoption) !== this.#told.hash) return Math.max(0, LEAST_GAP_MS - age);
    return Math.min(LOOK_MS, REPORT_MS - age);
  }

  /** A report is on its way: what is hurried from now on is for the next one. */
  telling(): void {
    this.#hurried = false;
  }

  told(adoption: DatacenterAdoption, at: EpochMs): void {
    this.#told = { hash: materialAdoptionHash(adoption), at };
  }
}
