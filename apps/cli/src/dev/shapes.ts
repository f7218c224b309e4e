import { z } from 'zod';

/** What is read of GET /v1/connect/ca/roots. */
export const rootsShape = z.object({
  TrustDomain: z.string(),
  ActiveRootID: z.string(),
  Roots: z.array(
    z.object({
      ID: z.string(),
      SigningKeyID: z.string(),
      Active: z.boolean(),
      IntermediateCerts: z.array(z.string()).nullish(),
    }),
  ),
});

/** What is read of GET /v1/agent/connect/ca/leaf/:service. The private key is not looked at. */
export const leafShape = z.object({
  ServiceURI: z.string(),
  SerialNumber: z.string(),
  ValidBefore: z.string(),
});

/** What is read of GET /v1/connect/intentions/exact. */
export const intentionShape = z.object({
  SourceName: z.string(),
  DestinationName: z.string(),
  Action: z.string().optional(),
  Precedence: z.number(),
  ModifyIndex: z.number(),
});

export type IntentionAnswer = z.infer<typeof intentionShape>;
