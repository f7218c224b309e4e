import { z } from 'zod';

/** What a token may do; the anonymous token has no role. */
export const roleShape = z.looseObject({
  kind: z.string(),
  datacenter: z.string().optional(),
  scopes: z.array(z.string()).optional(),
  node: z.string().optional(),
  service: z.string().optional(),
});
export type WireRole = z.infer<typeof roleShape>;

/** A token as the API answers it. SecretID is `<hidden>` unless the answer makes the token, or is its holder's own. */
export const tokenShape = z.looseObject({
  AccessorID: z.string(),
  SecretID: z.string(),
  Description: z.string(),
  Role: roleShape.optional(),
  CreateTime: z.string(),
});
export type WireToken = z.infer<typeof tokenShape>;

/** GET /v1/acl/tokens. */
export const tokensShape = z.array(tokenShape);
