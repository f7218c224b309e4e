import type { CanaryView } from '@banyan/http-api';
import type { Canary } from '@banyan/intentions';
import type { DurationMs, EpochMs } from '@banyan/kernel';

/** What is known of a canary somewhere. */
export interface CanaryKnowledge {
  readonly canary: Canary | undefined;
  /** When the decision engine first answered it. */
  readonly answeredAt: EpochMs | undefined;
  readonly roundTripMs: number | undefined;
}

/** Green only within the objective: the last answer is not older, and its way was not longer. */
export const viewCanary = (known: CanaryKnowledge, objectiveMs: DurationMs, now: EpochMs): CanaryView => {
  const { canary, answeredAt, roundTripMs } = known;
  const place = {
    sequence: canary?.sequence ?? 0,
    objectiveMs,
    ...(answeredAt !== undefined && { answeredAt }),
    ...(roundTripMs !== undefined && { roundTripMs }),
  };
  if (answeredAt === undefined || roundTripMs === undefined) return { ...place, state: 'UNKNOWN' };
  const isGreen = now - answeredAt <= objectiveMs && roundTripMs <= objectiveMs;
  return { ...place, state: isGreen ? 'GREEN' : 'LATE' };
};
