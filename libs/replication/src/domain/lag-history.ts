import { type DurationMs, durationMs, type EpochMs, epochMs, HOUR, SECOND } from '@banyan/kernel';

/** Between two samples. Unit ms. */
export const LAG_SAMPLE_MS: DurationMs = durationMs(10 * SECOND);
/** How far the history goes back. Unit ms. */
export const LAG_KEPT_MS: DurationMs = durationMs(6 * HOUR);

/** 6 h of a sample each 10 s: 2,160 of four numbers, 70 KB a series. */
const PLACES = LAG_KEPT_MS / LAG_SAMPLE_MS;
/** Seven streams of some seventy datacenters, 35 MB at most; beyond, the one that was sampled longest ago makes room. */
const MOST_SERIES = 512;

/** How a stream stood at one moment. */
export interface LagSample {
  readonly at: EpochMs;
  /** A `ReplicationState`, or `SILENT` for a datacenter that the primary has not heard. */
  readonly state: string;
  readonly lagIndex: number;
  /** Undefined before the first success. */
  readonly lagMs?: number;
  /** Of the canary. */
  readonly roundTripMs?: number;
}

/** Whose samples. */
export interface LagPlace {
  readonly datacenter: string;
  readonly stream: string;
}

/** The samples of one stream in one datacenter, in order of time. */
export interface LagSeries extends LagPlace {
  readonly samples: readonly LagSample[];
}

/**
 * How far behind each stream was over the last hours, in the memory of one server: bounded, and empty after its start.
 * For people and pictures; nothing decides by it.
 */
export class LagHistory {
  readonly #series = new Map<string, { readonly place: LagPlace; readonly ring: SampleRing }>();

  /** Adds a sample; of one place they come in order of time. */
  note({ datacenter, stream }: LagPlace, sample: LagSample): void {
    const name = `${datacenter} ${stream}`;
    const found = this.#series.get(name);
    // Set anew each time: the map's order is that of the last samples.
    this.#series.delete(name);
    const series = found ?? { place: { datacenter, stream }, ring: new SampleRing() };
    series.ring.push(sample);
    this.#series.set(name, series);
    this.#forget(sample.at);
  }

  /** The samples from `since` on, by datacenter and stream; of all that are not narrowed to one. */
  read(asked: { readonly since: EpochMs } & Partial<LagPlace>): LagSeries[] {
    return [...this.#series.values()]
      .filter(({ place }) => (asked.datacenter ?? place.datacenter) === place.datacenter)
      .filter(({ place }) => (asked.stream ?? place.stream) === place.stream)
      .map(({ place, ring }) => ({ ...place, samples: ring.since(asked.since) }))
      .toSorted((a, b) => compare(a.datacenter, b.datacenter) || compare(a.stream, b.stream));
  }

  /** Places without a sample in all that time (a datacenter that left) go, and the longest unheard beyond the bound. */
  #forget(now: EpochMs): void {
    for (const [name, { ring }] of this.#series) {
      if (this.#series.size <= MOST_SERIES && ring.lastAt >= now - LAG_KEPT_MS) return;
      this.#series.delete(name);
    }
  }
}

const compare = (a: string, b: string): number => Number(a > b) - Number(a < b);

const optional = (value: number): number | undefined => (Number.isNaN(value) ? undefined : value);

/** Columns instead of objects: a tenth of the memory. NaN stands for what is unknown. */
class SampleRing {
  readonly #at = new Float64Array(PLACES);
  readonly #lagIndex = new Float64Array(PLACES);
  readonly #lagMs = new Float64Array(PLACES);
  readonly #roundTripMs = new Float64Array(PLACES);
  readonly #states: string[] = [];
  /** Samples ever pushed. */
  #pushed = 0;

  get lastAt(): number {
    return this.#at[(this.#pushed - 1) % PLACES] ?? 0;
  }

  push(sample: LagSample): void {
    const place = this.#pushed % PLACES;
    this.#at[place] = sample.at;
    this.#lagIndex[place] = sample.lagIndex;
    this.#lagMs[place] = sample.lagMs ?? Number.NaN;
    this.#roundTripMs[place] = sample.roundTripMs ?? Number.NaN;
    this.#states[place] = sample.state;
    this.#pushed += 1;
  }

  since(at: EpochMs): LagSample[] {
    const samples: LagSample[] = [];
    for (let each = Math.max(0, this.#pushed - PLACES); each < this.#pushed; each += 1) {
      const sample = this.#sampleAt(each % PLACES);
      if (sample.at >= at) samples.push(sample);
    }
    return samples;
  }

  #sampleAt(place: number): LagSample {
    const [lagMs, roundTripMs] = [optional(this.#lagMs[place]!), optional(this.#roundTripMs[place]!)];
    return {
      at: epochMs(this.#at[place]!),
      state: this.#states[place]!,
      lagIndex: this.#lagIndex[place]!,
      ...(lagMs !== undefined && { lagMs }),
      ...(roundTripMs !== undefined && { roundTripMs }),
    };
  }
}
