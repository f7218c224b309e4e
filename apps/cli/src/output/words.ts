import type { Tone } from './paint.js';

const SHORT_DIGITS = 23;

/** The beginning of a colon-hex ID or fingerprint: eight bytes tell two apart. */
export const shortId = (id: string): string => (id.length > SHORT_DIGITS ? `${id.slice(0, SHORT_DIGITS)}…` : id);

/** A text with all its IDs shortened, as by {@link shortId}: a line of a terminal has no room for two of them. */
export const withShortIds = (text: string): string =>
  text.replaceAll(/((?:[0-9a-f]{2}:){7}[0-9a-f]{2})(?::[0-9a-f]{2})+/g, '$1…');

/** `1 agent`, `3 agents`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

const UNITS: readonly (readonly [ms: number, unit: string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
];

/** A span in its largest unit, rounded down: `3 d`, `5 h`, `12 min`, `4 s`; `0 s` below a second. */
export const spanText = (ms: number): string => {
  const size = Math.abs(ms);
  const [unitMs, unit] = UNITS.find(([each]) => size >= each) ?? [1_000, 's'];
  return `${Math.floor(size / unitMs)} ${unit}`;
};

/** How long ago, or in how long, a moment of the API is; `never` for none. */
export const momentText = (at: string | null | undefined, now: number): string => {
  if (at === null || at === undefined || at === '') return 'never';
  const ms = Date.parse(at) - now;
  return ms <= 0 ? `${spanText(ms)} ago` : `in ${spanText(ms)}`;
};

/** A moment as a person writes it, in UTC, to the second: `2026-11-24 22:46:14Z`. */
export const timeText = (at: string): string => at.replace('T', ' ').replace(/(\.\d+)?Z$/, 'Z');

/** A share as `12 %`. */
export const percentText = (share: number): string => `${Math.round(share * 100)} %`;

const STATE_TONES: Readonly<Record<string, Tone>> = {
  READY: 'good',
  GREEN: 'good',
  up: 'good',
  self: 'quiet',
  running: 'good',
  completed: 'good',
  finished: 'quiet',
  STANDBY: 'quiet',
  STARTING: 'quiet',
  UNKNOWN: 'quiet',
  unknown: 'quiet',
  paused: 'warning',
  blocked: 'warning',
  DEGRADED: 'warning',
  'rolling-back': 'warning',
  'rolled-back': 'warning',
  LATE: 'bad',
  down: 'bad',
  failed: 'bad',
  tainted: 'bad',
};

const OTHERS: Tone = 'bad';

/** How a named state of the API is meant; what is not listed is a state in which somebody should look. */
export const stateTone = (state: string): Tone => STATE_TONES[state] ?? OTHERS;
