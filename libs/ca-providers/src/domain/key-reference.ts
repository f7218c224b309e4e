import { BanyanError, parsedJson } from '@banyan/kernel';
import { z } from 'zod';

/** Where a root lies in Vault. The issuer is pinned by its ID: its name and the mount's default issuer can be moved. */
export const vaultKey = z.object({
  kind: z.literal('vault'),
  issuerId: z.string().min(1),
  /** Absent where the issuer's key is not in this mount's hands. */
  keyId: z.string().optional(),
  /** Made by banyan, so banyan may destroy it. */
  made: z.boolean(),
});
export type VaultKey = z.output<typeof vaultKey>;

/** A certificate authority of AWS Private CA. */
export const awsKey = z.object({ kind: z.literal('aws-pca'), arn: z.string().min(1), made: z.boolean() });
export type AwsKey = z.output<typeof awsKey>;

/** Reads a key reference as its provider wrote it. Throws `PROVIDER_REFUSED` for that of another. */
export const parseKeyReference = <T>(schema: z.ZodType<T>, reference: string): T => {
  const parsed = schema.safeParse(parsedJson(reference));
  if (parsed.success) return parsed.data;
  throw new BanyanError('PROVIDER_REFUSED', 'the key reference was not written by this provider');
};
