import { z } from 'zod';

/** An intention as the API answers it: one source of one destination. */
export const intentionShape = z.looseObject({
  SourceName: z.string(),
  DestinationName: z.string(),
  Action: z.enum(['allow', 'deny']).optional(),
  Permissions: z.array(z.unknown()).optional(),
  Description: z.string().optional(),
  Meta: z.record(z.string(), z.string()).optional(),
  Precedence: z.number(),
});
export type WireIntention = z.infer<typeof intentionShape>;

/** GET /v1/connect/intentions. */
export const intentionsShape = z.array(intentionShape);

/** GET /v1/connect/intentions/match: by the names that were asked for. */
export const matchShape = z.record(z.string(), intentionsShape.nullable());

/** GET /v1/connect/intentions/check; `Why` when it was asked for. */
export const checkShape = z.looseObject({
  Allowed: z.boolean(),
  Why: z
    .looseObject({
      Code: z.string(),
      Reason: z.string(),
      DefaultAction: z.string(),
      Intention: intentionShape.nullable(),
    })
    .optional(),
});
export type WireCheck = z.infer<typeof checkShape>;

export const INTENTIONS = '/v1/connect/intentions';
export const EXACT = `${INTENTIONS}/exact`;
