declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** A datacenter's state index: counts committed transactions, never compared across datacenters or epochs. */
export type StateIndex = Brand<number, 'StateIndex'>;
/** A span of time in milliseconds. */
export type DurationMs = Brand<number, 'DurationMs'>;
/** A moment, in milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = Brand<number, 'EpochMs'>;

/** Brands a whole number of at least 0 as a state index. Throws `INTERNAL` for anything else. */
export const stateIndex = (value: number): StateIndex => {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not a state index: ${value}`);
  return value as StateIndex;
};
export const durationMs = (value: number): DurationMs => value as DurationMs;
export const epochMs = (value: number): EpochMs => value as EpochMs;

export const SECOND = durationMs(1_000);
export const MINUTE = durationMs(60_000);
export const HOUR = durationMs(3_600_000);

/** The moment `span` after `moment`. */
export const after = (moment: EpochMs, span: number): EpochMs => epochMs(moment + span);
