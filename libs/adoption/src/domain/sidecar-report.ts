import { z } from 'zod';
import { agentReportSchema, shadowSchema } from './agent-report.js';

/** SHA-1 of a root's DER in colon hex: 59 characters. */
const rootId = z.string().min(1).max(64);
const MOST_ROOTS = 64;

/**
 * What one sidecar, or an application that speaks the mesh itself, tells its agent: what it verifies with, what it presents,
 * and what it saw. Counts are those since the active root last changed.
 */
export const sidecarReportSchema = z.strictObject({
  /** The service it stands for. */
  service: z.string().min(1).max(128),
  /** IDs of the roots that it verifies peers with. */
  bundle: z.array(rootId).max(MOST_ROOTS),
  /** The leaf it presents; `rootId` is absent when that leaf stands under no root of `bundle`. */
  leaf: z.strictObject({ serial: z.string().min(1).max(64), rootId: rootId.optional() }),
  handshakes: agentReportSchema.shape.handshakes.refine(
    (seen) => Object.keys(seen).length <= MOST_ROOTS,
    `more than ${MOST_ROOTS} roots`,
  ),
  shadow: shadowSchema,
});
export type SidecarReport = z.output<typeof sidecarReportSchema>;
