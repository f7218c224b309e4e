import { Link } from 'wouter-preact';
import type { Authorities } from '../../api/authorities.js';
import type { Rotation } from '../../api/rotations.js';
import { nowMs } from '../../live/now.js';
import { StateBadge } from '../../parts/state-badge.js';
import { TimeText } from '../../parts/time-text.js';
import { type TimelineEntry, timelineOf } from './timeline.js';

interface TimelineProps {
  readonly authorities: Authorities;
  readonly rotations: readonly Rotation[];
}

/** So many past entries are shown; older ones are on the page of rotations. */
const PAST = 8;

/** What happened to the authorities, what happens, and what is to come. */
export function Timeline({ authorities, rotations }: TimelineProps) {
  const entries = timelineOf(authorities, rotations, nowMs.value);
  const past = entries.filter((entry) => !isAhead(entry)).slice(-PAST);
  return (
    <ol class="timeline">
      {past.map(row)}
      <li class="timeline-now" aria-label="Now">
        now
      </li>
      {entries.filter(isAhead).map(row)}
    </ol>
  );
}

const isAhead = ({ kind }: TimelineEntry): boolean => kind === 'coming';

const TONES = { past: 'quiet', running: 'active', coming: 'quiet' } as const;

const row = ({ atMs, kind, text, rotationId }: TimelineEntry) => (
  <li key={`${atMs} ${text}`} class={`timeline-${kind}`}>
    <StateBadge state={kind} tone={TONES[kind]} />
    <span>{rotationId === undefined ? text : <Link href={`/rotation/${rotationId}`}>{text}</Link>}</span>
    <span class="muted">
      <TimeText at={new Date(atMs).toISOString()} />
    </span>
  </li>
);
