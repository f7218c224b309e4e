import { ownOptionsOf, refuse } from '@banyan/ca';
import type { KeySpec } from '@banyan/pki';
import { z } from 'zod';

/** The names Consul's provider takes, and `Region` and `Endpoint`, which else come from AWS's own settings. */
export const AWS_OPTION_NAMES = ['ExistingARN', 'DeleteOnExit', 'Region', 'Endpoint'] as const;
/** What makes another root. */
export const AWS_IDENTITY_NAMES = ['ExistingARN', 'Region'] as const;

/** Options after parsing. */
export interface AwsOptions {
  /** A root certificate authority of the operator's. Absent: banyan creates one per root. */
  readonly existingArn?: string;
  readonly region?: string;
  readonly endpoint?: string;
}

const optionsSchema = z.object({
  ExistingARN: z
    .string()
    .regex(/^arn:aws[a-z-]*:acm-pca:[a-z0-9-]+:\d{12}:certificate-authority\/[\w-]+$/)
    .optional(),
  // What banyan created it deletes when the root is retired, never at an exit: other servers still use it.
  DeleteOnExit: z.union([z.boolean(), z.stringbool({ truthy: ['true', '1'], falsy: ['false', '0'] })]).optional(),
  Region: z
    .string()
    .regex(/^[a-z]{2}[a-z0-9-]{1,30}$/)
    .optional(),
  Endpoint: z.url({ protocol: /^https?$/ }).optional(),
});

/** Checks the options of an AWS provider. Throws `CA_CONFIG_INVALID`. */
export const parseAwsOptions = (options: Readonly<Record<string, unknown>>): AwsOptions => {
  const parsed = optionsSchema.safeParse(ownOptionsOf(AWS_OPTION_NAMES, options));
  if (!parsed.success) throw refuse(`${parsed.error.issues[0]?.path.join('.')} has a form that is not allowed`);
  const { ExistingARN, Region, Endpoint } = parsed.data;
  return {
    ...(ExistingARN !== undefined && { existingArn: ExistingARN }),
    ...(Region !== undefined && { region: Region }),
    ...(Endpoint !== undefined && { endpoint: Endpoint }),
  };
};

const KEY_ALGORITHMS = {
  ec256: 'EC_prime256v1',
  ec384: 'EC_secp384r1',
  rsa2048: 'RSA_2048',
  rsa4096: 'RSA_4096',
} as const;

/** AWS's name of a key. Throws `CA_CONFIG_INVALID` for EC P-521, which it has not. */
export const awsKeyAlgorithm = ({ type, bits }: KeySpec) => {
  const name: string = `${type}${bits}`;
  if (name in KEY_ALGORITHMS) return KEY_ALGORITHMS[name as keyof typeof KEY_ALGORITHMS];
  throw refuse('AWS Private CA has EC keys of 256 and 384 bits only: set PrivateKeyBits');
};

const SIGNING_ALGORITHMS = {
  EC_prime256v1: 'SHA256WITHECDSA',
  EC_secp384r1: 'SHA384WITHECDSA',
  RSA_2048: 'SHA256WITHRSA',
  RSA_4096: 'SHA256WITHRSA',
} as const;

/** What a key of that algorithm signs with. */
export const awsSigningAlgorithm = (keyAlgorithm: keyof typeof SIGNING_ALGORITHMS) => SIGNING_ALGORITHMS[keyAlgorithm];

/** A template, in the partition (`aws`, `aws-cn`, …) that the authority is in. */
export const awsTemplate = (authorityArn: string, name: string): string =>
  `arn:${authorityArn.split(':')[1] ?? 'aws'}:acm-pca:::template/${name}`;
