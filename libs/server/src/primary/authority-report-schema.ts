import { datacenterAdoptionSchema } from '@banyan/adoption';
import { BanyanError, parsedJson } from '@banyan/kernel';
import { z } from 'zod';
import { standingSchema } from './standing-schema.js';

/** As many as a bundle may hold. */
const MOST_ROOTS = 64;

/** What a secondary reports of its signing; the time that counts is the primary's own. */
export const authorityReportSchema = z.object({
  signingRootId: z.string().max(64).optional(),
  wanAddress: z.string().max(4_096).optional(),
  horizons: z
    .record(z.string().max(64), z.number())
    .refine((horizons) => Object.keys(horizons).length <= MOST_ROOTS, `more than ${MOST_ROOTS} roots`),
  /** Which roots are held and used there: evidence for the gates of a rotation. One that is not understood counts as none. */
  adoption: datacenterAdoptionSchema.optional().catch(undefined),
  /** How replication is there, in the wire form of `GET /v1/replication`; shown, and never decided by. */
  replication: z.json().optional(),
  /** How the datacenter is; one that is not understood counts as none. */
  standing: standingSchema.optional().catch(undefined),
  /** The newest canary that the decision engine there answers; `writtenAt` by our own clock. */
  canary: z.object({ sequence: z.int().min(1), writtenAt: z.int().min(0) }).optional(),
  /** Public records of roots, from a datacenter that finds one missing here. */
  knownRoots: z.array(z.json()).max(MOST_ROOTS).optional(),
});

/** Parses a report. Throws `REQUEST_INVALID`. */
export const parseAuthorityReport = (json: string): z.output<typeof authorityReportSchema> => {
  const report = authorityReportSchema.safeParse(parsedJson(json));
  if (!report.success) throw new BanyanError('REQUEST_INVALID', 'the report does not follow its schema');
  return report.data;
};
