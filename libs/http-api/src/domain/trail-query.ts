import { queryText, refuse } from '@banyan/http-kit';
import { type ChainPlace, type EpochMs, epochMs } from '@banyan/kernel';

/** A whole number from 0 to `most`. */
export const queryNumber = (name: string, most = Number.MAX_SAFE_INTEGER) =>
  queryText(20).transform((value, context): number | undefined => {
    if (value === undefined) return undefined;
    const parsed = Number(value);
    if (/^\d+$/.test(value) && parsed <= most) return parsed;
    return refuse(context, `Invalid value for ?${name}: a number from 0 to ${most}`);
  });

/** RFC 3339, as the ledger writes its own times. */
export const queryTime = (name: string) =>
  queryText(40).transform((value, context): EpochMs | undefined => {
    if (value === undefined) return undefined;
    const ms = /^\d{4}-\d\d-\d\d(T|$)/.test(value) ? Date.parse(value) : Number.NaN;
    if (!Number.isNaN(ms)) return epochMs(ms);
    return refuse(context, `Invalid value for ?${name}: a time such as 2031-01-01T00:00:00Z`);
  });

/** `<seq>:<hash>`, as a proof gave it. */
export const queryPlace = (name: string) =>
  queryText(100).transform((value, context): ChainPlace | undefined => {
    if (value === undefined) return undefined;
    const match = /^(\d{1,15}):([0-9a-f]{64})$/.exec(value);
    if (match !== null) return { seq: Number(match[1]), hash: match[2]! };
    return refuse(context, `Invalid value for ?${name}: <seq>:<hash> of an earlier proof`);
  });

/** A place of a chain in an answer. */
export const wirePlace = ({ seq, hash }: ChainPlace) => ({ Seq: seq, Hash: hash });
