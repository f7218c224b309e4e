import { z } from 'zod';
import { queryDuration, queryIndex, queryPresent, queryText, refuse } from './query-fields.js';

/** This edition has one namespace and one partition, both called `default`. */
const onlyDefault = (name: string) =>
  queryText(64).transform((value, context): 'default' | undefined => {
    if (value === undefined || value === 'default') return value;
    return refuse(context, `Invalid query parameter: "${name}" - only the value "default" exists here`);
  });

/** Refused rather than ignored: an ignored filter would answer more than was asked for. */
const filterReserved = queryText(4096).transform((value, context): undefined =>
  value === undefined ? undefined : refuse(context, 'Filter expressions are not supported by this endpoint'),
);

/** The query parameters every endpoint understands (contract §0.4, §0.7, §0.8). Unknown ones are ignored. */
export const commonQueryShape = {
  dc: queryText(64),
  index: queryIndex(),
  wait: queryDuration('Invalid wait time'),
  stale: queryPresent(),
  consistent: queryPresent(),
  leader: queryPresent(),
  cached: queryPresent(),
  pretty: queryPresent(),
  near: queryText(128),
  filter: filterReserved,
  ns: onlyDefault('ns'),
  partition: onlyDefault('partition'),
} as const;

/** Cross-field rules of {@link commonQueryShape}. */
export const checkConsistency = (
  query: { readonly stale: boolean; readonly consistent: boolean; readonly cached: boolean },
  context: z.core.$RefinementCtx,
): void => {
  if (!query.consistent) return;
  if (query.stale) refuse(context, 'Cannot specify ?stale with ?consistent, conflicting semantics.');
  else if (query.cached) refuse(context, 'Cannot specify ?cached with ?consistent, conflicting semantics.');
};

/** The parsed common parameters: `index` is the state index to wait beyond, `wait` the caller's limit (undefined = 5 m). */
export type CommonQuery = z.infer<z.ZodObject<typeof commonQueryShape>>;
