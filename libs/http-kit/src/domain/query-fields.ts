import {
  type DurationMs,
  type ErrorCode,
  isBanyanError,
  parseGoDuration,
  type StateIndex,
  stateIndex,
} from '@banyan/kernel';
import { z } from 'zod';

/** How a query parameter reaches its field: every value given, in order; undefined when the name is absent. */
const given = z.array(z.string()).optional();

/** Marks an issue with the text and code the caller gets instead of zod's. */
export const refuse = (context: z.core.$RefinementCtx, message: string, code: ErrorCode = 'REQUEST_INVALID'): never => {
  context.addIssue({ code: 'custom', message, params: { code } });
  return z.NEVER;
};

const DEFAULT_MAX_LENGTH = 512;

/** The first value of a parameter, at most `max` characters; undefined when absent or empty. */
export const queryText = (max = DEFAULT_MAX_LENGTH) =>
  given.transform((values, context): string | undefined => {
    const value = values?.[0];
    if (value !== undefined && value.length > max)
      return refuse(context, `A query parameter is longer than ${max} characters`);
    // PostgreSQL's text cannot hold it, so that no record has it.
    if (value?.includes('\0') === true) return refuse(context, 'A query parameter has a NUL character');
    return value === '' ? undefined : value;
  });

/** A parameter that must be set: `REQUEST_PARAMETER_MISSING`, a 500, as existing clients expect. */
export const queryRequired = (name: string, max = DEFAULT_MAX_LENGTH) =>
  queryText(max).transform(
    (value, context): string =>
      value ?? refuse(context, `required query parameter '${name}' not set`, 'REQUEST_PARAMETER_MISSING'),
  );

/** All values of a repeatable parameter, at most `maxItems`; empty when absent. */
export const queryTexts = (maxItems = 64, max = DEFAULT_MAX_LENGTH) =>
  given.transform((values, context): readonly string[] => {
    if ((values?.length ?? 0) > maxItems)
      return refuse(context, `A query parameter is given more than ${maxItems} times`);
    if (values?.some((value) => value.length > max) === true) {
      return refuse(context, `A query parameter is longer than ${max} characters`);
    }
    return values ?? [];
  });

/** True when the name is present, whatever its value. */
export const queryPresent = () => given.transform((values): boolean => values !== undefined);

/** True when present without a value or with a true one; `Invalid value for ?name` otherwise. */
export const querySwitch = (name: string) =>
  given.transform((values, context): boolean => {
    if (values === undefined) return false;
    const value = values[0] ?? '';
    if (['', '1', 't', 'true'].includes(value.toLowerCase())) return true;
    if (['0', 'f', 'false'].includes(value.toLowerCase())) return false;
    return refuse(context, `Invalid value for ?${name}`);
  });

/** A state index; larger ones than can exist simply wait until the time is up. */
export const queryIndex = () =>
  given.transform((values, context): StateIndex | undefined => {
    const value = values?.[0];
    if (value === undefined || value === '') return undefined;
    if (!/^\d{1,20}$/.test(value)) return refuse(context, 'Invalid index');
    return stateIndex(Math.min(Number(value), Number.MAX_SAFE_INTEGER));
  });

/** A Go duration; `message` when it is none. Limits are applied by whoever waits. */
export const queryDuration = (message: string) =>
  given.transform((values, context): DurationMs | undefined => {
    const value = values?.[0];
    if (value === undefined || value === '') return undefined;
    try {
      return parseGoDuration(value);
    } catch (error) {
      if (isBanyanError(error, 'DURATION_INVALID')) return refuse(context, message);
      throw error;
    }
  });
