import { type EpochMs, epochMs, type StateIndex, stateIndex } from '@banyan/kernel';
import type { ValueTransformer } from 'typeorm';

/** `bigint` columns as numbers. Exact up to 2^53 - 1; throws `RangeError` beyond, rather than rounding. */
export const bigintAsNumber: ValueTransformer = {
  to: (value: unknown) => value,
  from: (value: unknown): unknown => (typeof value === 'string' ? safeInteger(value) : value),
};

/** `bigint` columns that hold a {@link StateIndex}. */
export const bigintAsStateIndex: ValueTransformer = {
  to: (value: unknown) => value,
  from: (value: unknown): unknown => (typeof value === 'string' ? indexOf(value) : value),
};

/** `timestamptz` columns as {@link EpochMs}; `null` stays `null`. PostgreSQL's microseconds are cut off. */
export const timestamptzAsEpochMs: ValueTransformer = {
  to: (value: unknown): unknown => (typeof value === 'number' ? new Date(value) : value),
  from: (value: unknown): EpochMs | null | undefined =>
    value instanceof Date ? epochMs(value.getTime()) : (value as null | undefined),
};

/** A `bigint` of a raw query as a state index. */
export const indexOf = (text: string): StateIndex => stateIndex(safeInteger(text));

const safeInteger = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value))
    throw new RangeError(`a bigint column holds ${text}, which a number cannot hold exactly`);
  return value;
};
