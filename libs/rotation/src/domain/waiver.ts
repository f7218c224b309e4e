import { z } from 'zod';
import { UNNAMED_AGENTS } from './blocker.js';

/** Somebody for whom the rotation no longer waits, in any phase: decided by a person, with a reason. */
export const waiverSchema = z.object({
  datacenter: z.string().max(64),
  /** One agent, or `*` for all agents of the datacenter. Absent: the whole datacenter, its servers and its agents. */
  node: z.string().max(256).optional(),
  reason: z.string().max(512),
  /** Accessor of who decided. */
  by: z.string().max(64),
  /** ms since 1970 */
  at: z.number(),
});
export type Waiver = z.output<typeof waiverSchema>;

/** Most waivers of one rotation; then a whole datacenter is the way. */
export const MOST_WAIVERS = 500;

/** Whether the whole datacenter is waived. */
export const isWaived = (waivers: readonly Waiver[], datacenter: string): boolean =>
  waivers.some((waiver) => waiver.datacenter === datacenter && waiver.node === undefined);

/** Whether an agent is waived, by its name or with all of its datacenter; `*` asks for the agents that are not named. */
export const isAgentWaived = (waivers: readonly Waiver[], datacenter: string, node: string): boolean =>
  waivers.some(
    (waiver) =>
      waiver.datacenter === datacenter &&
      (waiver.node === undefined || waiver.node === UNNAMED_AGENTS || waiver.node === node),
  );
