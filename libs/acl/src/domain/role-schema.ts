import { z } from 'zod';
import { BanyanError, type JsonValue } from '@banyan/kernel';
import { parseDatacenterName, parseNodeName, parseServiceName } from '@banyan/identity';
import type { Role } from './caller.js';

const name = (parse: (text: string) => string, rule: string) =>
  z.string().refine((text) => {
    try {
      return parse(text) === text;
    } catch {
      return false;
    }
  }, `is not ${rule}`);

const serviceName = name(parseServiceName, 'a service name');
const nodeName = name(parseNodeName, 'a node name');
const datacenterName = name(parseDatacenterName, 'a datacenter name');

/** A role as JSON: in the tokens file, in `Role` of token bodies, in rows and in replicated records. */
export const roleSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('management') }),
  z.strictObject({ kind: z.literal('operator-read') }),
  z.strictObject({
    kind: z.literal('replication'),
    datacenter: datacenterName,
    scopes: z
      .array(z.enum(['replication:read', 'ca:sign-intermediate']))
      .min(1)
      .max(2)
      .exactOptional(),
  }),
  z.strictObject({ kind: z.literal('agent'), node: nodeName }),
  z.strictObject({ kind: z.literal('service'), service: serviceName }),
]) satisfies z.ZodType<Role>;

/** Names that identity forms in bodies carry, by the same rules as a role's. */
export const identityNames = { serviceName, nodeName } as const;

/** Reads a role from JSON, e.g. as another process sent it. Throws `REQUEST_INVALID`; an unknown kind is an error. */
export const parseRole = (value: JsonValue): Role => {
  const parsed = roleSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new BanyanError('REQUEST_INVALID', `Role: ${['', ...(issue?.path ?? [])].join('.')} ${issue?.message}`);
};
