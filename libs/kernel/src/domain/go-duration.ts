import { BanyanError } from './banyan-error.js';
import { type DurationMs, durationMs } from './brands.js';

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};
const TERM = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/gy;
/** 292 years, the largest span Go's duration holds. */
const MAX_MS = 9_223_372_036_854;

/**
 * Parses a duration as Go writes it (`72h`, `1h30m`, `250ms`), or a number of nanoseconds.
 * Throws `DURATION_INVALID`. Source: Go `time.ParseDuration`.
 */
export const parseGoDuration = (input: string | number): DurationMs => {
  if (typeof input === 'number') {
    const ms = input / 1e6;
    if (!Number.isFinite(ms) || Math.abs(ms) > MAX_MS) throw invalid(String(input));
    return durationMs(ms);
  }
  const negative = input.startsWith('-');
  const body = input.replace(/^[+-]/, '');
  if (body === '0') return durationMs(0);
  if (body === '' || body.length > 64) throw invalid(input);
  let total = 0;
  TERM.lastIndex = 0;
  while (TERM.lastIndex < body.length) {
    const term = TERM.exec(body);
    if (term === null) throw invalid(input);
    total += Number(term[1]) * (UNIT_MS[term[2] as string] as number);
  }
  if (total > MAX_MS) throw invalid(input);
  return durationMs(negative ? -total : total);
};

const invalid = (input: string): BanyanError =>
  new BanyanError(
    'DURATION_INVALID',
    `invalid duration "${input.slice(0, 64)}": use a form such as 72h, 1h30m or 250ms`,
  );

/** Formats a span as Go prints it: `72h0m0s`, `1m30s`, `250ms`, `0s`. */
export const formatGoDuration = (span: DurationMs): string => {
  if (span === 0) return '0s';
  const sign = span < 0 ? '-' : '';
  const ms = Math.abs(span);
  if (ms < 1) return `${sign}${Math.round(ms * 1e3)}µs`;
  if (ms < 1_000) return `${sign}${ms}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor((ms % 3_600_000) / 60_000);
  const seconds = (ms % 60_000) / 1_000;
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${sign}${minutes}m${seconds}s` : `${sign}${seconds}s`;
};
