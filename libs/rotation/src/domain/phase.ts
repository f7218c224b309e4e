/** Where a rotation stands. Paused and blocked are its health, not its phase. */
export const PHASES = [
  'prepare',
  'distribute',
  'activate',
  'verify',
  'retire',
  'completed',
  'rolling-back',
  'rolled-back',
  'failed',
] as const;
/** One of {@link PHASES}. */
export type Phase = (typeof PHASES)[number];

/** Nothing changes any more. */
export const FINISHED = ['completed', 'rolled-back', 'failed'] as const satisfies readonly Phase[];
/** Whether nothing changes any more. */
export const isFinished = (phase: Phase): boolean => (FINISHED as readonly Phase[]).includes(phase);

/**
 * Live leaves are still to move: no other rotation may start. In `verify` and `retire` only the end of the previous root
 * is waited for.
 */
const MOVING = ['prepare', 'distribute', 'activate', 'rolling-back'] as const satisfies readonly Phase[];
/** Whether live leaves are still to move; see {@link MOVING}. */
export const isMoving = (phase: Phase): boolean => (MOVING as readonly Phase[]).includes(phase);

/** Phases that a gate ends, by a look at the evidence. */
export type GatedPhase = 'distribute' | 'activate' | 'verify' | 'retire' | 'rolling-back';
