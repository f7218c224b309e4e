import { BanyanError } from '@banyan/kernel';
import { z } from 'zod';
import type { VaultCall } from './vault-answers.js';

/** `auth/…/login` and `auth/token/renew-self`. Durations in seconds; 0 is without end. */
export const authAnswer = z.object({
  auth: z.object({
    client_token: z.string().min(1),
    lease_duration: z.number().min(0),
    renewable: z.boolean(),
  }),
});

/** `auth/token/lookup-self`. */
export const lookupAnswer = z.object({
  data: z.object({ ttl: z.number().min(0), renewable: z.boolean().default(false) }),
});

/** `LIST <mount>/issuers`. */
export const issuersAnswer = z.object({
  data: z.object({
    key_info: z.record(z.string(), z.object({ issuer_name: z.string().nullish() })).nullish(),
  }),
});

/** `GET <mount>/issuer/<ref>`. */
export const issuerAnswer = z.object({
  data: z.object({
    issuer_id: z.string().min(1),
    issuer_name: z.string().nullish(),
    key_id: z.string().nullish(),
    certificate: z.string().min(1),
    revoked: z.boolean().nullish(),
    usage: z.string().nullish(),
  }),
});
export type VaultIssuer = z.output<typeof issuerAnswer>['data'];

/** What signs and what generates. */
export const certificateAnswer = z.object({ data: z.object({ certificate: z.string().min(1) }) });

/** Reads an answer by its shape. Throws `PROVIDER_REFUSED`: whatever answers there is no Vault that we know. */
export const shaped = <T>(schema: z.ZodType<T>, call: VaultCall, body: unknown): T => {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const at = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new BanyanError('PROVIDER_REFUSED', `the answer of ${call.path} has not the shape of Vault's, at "${at}"`, {
    fields: { path: call.path },
  });
};
