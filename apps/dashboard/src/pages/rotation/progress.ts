import type { DatacenterProgress, Gate, Rotation } from '../../api/rotations.js';

/** The phases in the order in which a rotation that nobody disturbs goes through them. */
export const PHASES = ['prepare', 'distribute', 'activate', 'verify', 'retire'] as const;

export type StepState = 'done' | 'current' | 'ahead' | 'skipped';

export interface PhaseStep {
  readonly phase: string;
  readonly state: StepState;
  /** When it began (RFC 3339); absent while it is ahead, or was skipped. */
  readonly startedAt?: string;
}

const ENDS = new Set(['completed', 'rolled-back', 'failed']);

export const isFinished = ({ Phase }: Pick<Rotation, 'Phase'>): boolean => ENDS.has(Phase);

/** The steps to show: the five phases and the end; the way back instead of what was not reached. */
export function stepsOf({ Phase, StartedAt }: Pick<Rotation, 'Phase' | 'StartedAt'>): PhaseStep[] {
  const at = (PHASES as readonly string[]).indexOf(Phase);
  const began = (phase: string) => (StartedAt[phase] === undefined ? {} : { startedAt: StartedAt[phase] });
  if (at >= 0) {
    const steps = PHASES.map((phase, place): PhaseStep => {
      const state =
        place < at ? (StartedAt[phase] === undefined ? 'skipped' : 'done') : place === at ? 'current' : 'ahead';
      return { phase, state, ...(place <= at && began(phase)) };
    });
    return [...steps, { phase: 'completed', state: 'ahead' }];
  }
  const reached = PHASES.filter((phase) => Phase === 'completed' || StartedAt[phase] !== undefined).map(
    (phase): PhaseStep => ({ phase, state: StartedAt[phase] === undefined ? 'skipped' : 'done', ...began(phase) }),
  );
  const wentBack = Phase === 'rolled-back' && StartedAt['rolling-back'] !== undefined;
  return [
    ...reached,
    ...(wentBack ? [{ phase: 'rolling-back', state: 'done' as const, ...began('rolling-back') }] : []),
    { phase: Phase, state: 'current', ...began(Phase) },
  ];
}

/** The gate that the present phase waits for. */
export const gateOf = ({ Phase, Gates }: Pick<Rotation, 'Phase' | 'Gates'>): Gate | undefined => Gates[Phase];

/** How much of a datacenter has moved, as a share of 1: agents that trust, or leaves, whichever the phase waits for. */
export function shareOf(phase: string, progress: DatacenterProgress): number {
  if (!progress.Reported) return 0;
  const { Agents, Leaves, LedgerLeaves } = progress;
  if (phase === 'prepare') return 0;
  if (phase === 'distribute') {
    const trusting = Agents.Live === 0 ? 1 : Math.min(1, Agents.Trusting / Agents.Live);
    // The datacenter's own part counts as much as that of one agent.
    const own = progress.Staged && progress.HoldsRoot ? 1 : 0;
    return (trusting * Agents.Live + own) / (Agents.Live + 1);
  }
  const leaving = Math.max(Leaves.Leaving, LedgerLeaves.Leaving);
  const all = Math.max(Leaves.Staying + Leaves.Leaving, LedgerLeaves.Staying + LedgerLeaves.Leaving);
  return all === 0 ? 1 : Math.max(0, 1 - leaving / all);
}

/**
 * Seconds until every leaf is signed anew, at the rate the plan measured: the slowest datacenter's, since they work at
 * the same time. Undefined while leaves are to move and a rate is not known.
 */
export function secondsToMove({ Datacenters, Plan }: Pick<Rotation, 'Datacenters' | 'Plan'>): number | undefined {
  let slowest = 0;
  for (const { Datacenter, Leaves, LedgerLeaves } of Datacenters) {
    const leaving = Math.max(Leaves.Leaving, LedgerLeaves.Leaving);
    if (leaving === 0) continue;
    const rate = Plan.Datacenters.find((planned) => planned.Datacenter === Datacenter)?.SignaturesPerSecond;
    if (rate === undefined || rate <= 0) return undefined;
    slowest = Math.max(slowest, leaving / rate);
  }
  return slowest;
}

/** The rotation to look at first: the newest that is not finished, else the newest. */
export const foremost = (rotations: readonly Rotation[]): Rotation | undefined =>
  rotations.find((rotation) => !isFinished(rotation)) ?? rotations[0];
