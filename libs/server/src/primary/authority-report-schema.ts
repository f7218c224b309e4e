import { z } from 'zod';

/** What a secondary reports of its signing; the time that counts is the primary's own. */
export const authorityReportSchema = z.object({
  signingRootId: z.string().max(64).optional(),
  wanAddress: z.string().max(300).optional(),
  horizons: z.record(z.string().max(64), z.number()),
});
