import { z } from 'zod';
import { BanyanError, type JsonValue } from '@banyan/kernel';
import type { Intention, IntentionDraft } from './intention.js';
import { type L7Permission, l7PermissionSchema } from './l7-permission.js';

/** An intention in an answer (contract §3.1). Times, ID and Hash belong to legacy intentions and never appear. */
export interface WireIntention {
  readonly Description?: string;
  readonly SourceNS: 'default';
  readonly SourceName: string;
  readonly DestinationNS: 'default';
  readonly DestinationName: string;
  readonly SourceType: 'consul';
  readonly Action?: 'allow' | 'deny';
  readonly Permissions?: readonly L7Permission[];
  readonly Meta?: Readonly<Record<string, string>>;
  readonly Precedence: number;
  readonly CreateIndex: number;
  readonly ModifyIndex: number;
}

/** The wire form of an intention, members in the order existing clients see. */
export const toWireIntention = (intention: Intention): WireIntention => ({
  ...(intention.description === undefined ? {} : { Description: intention.description }),
  SourceNS: 'default',
  SourceName: intention.sourceName,
  DestinationNS: 'default',
  DestinationName: intention.destinationName,
  SourceType: intention.sourceType,
  ...(intention.action === undefined ? {} : { Action: intention.action }),
  ...(intention.permissions === undefined ? {} : { Permissions: intention.permissions }),
  ...(intention.meta === undefined ? {} : { Meta: intention.meta }),
  Precedence: intention.precedence,
  CreateIndex: intention.createIndex,
  ModifyIndex: intention.modifyIndex,
});

const name = z.string().max(256).optional();
const ignored = z.unknown().optional();

/**
 * The body of `PUT /v1/connect/intentions/exact`: keys in CamelCase. The read-only members of an answer are accepted
 * and ignored, so that a client can send back what it read (contract §13, trap 12).
 */
export const intentionBodySchema = z.strictObject({
  Description: z.string().max(4_096).optional(),
  SourceNS: name,
  SourceName: name,
  SourcePartition: name,
  SourcePeer: name,
  SourceSamenessGroup: name,
  SourceType: z.string().max(32).optional(),
  DestinationNS: name,
  DestinationName: name,
  DestinationPartition: name,
  Action: z.string().max(16).optional(),
  Permissions: z.array(l7PermissionSchema).max(1_024).nullish(),
  JWT: z.unknown().optional(),
  Meta: z.record(z.string().max(1_024), z.string().max(4_096)).nullish(),
  ID: ignored,
  Precedence: ignored,
  CreatedAt: ignored,
  UpdatedAt: ignored,
  Hash: ignored,
  CreateIndex: ignored,
  ModifyIndex: ignored,
});

export type IntentionBody = z.infer<typeof intentionBodySchema>;

/**
 * The draft a body and its URL stand for; the URL's names win over the body's. Throws `INTENTION_INVALID` for what
 * would be lost silently if it were ignored: peers, sameness groups, other namespaces, a JWT requirement.
 */
export const draftOf = (
  body: IntentionBody,
  names: { readonly sourceName: string; readonly destinationName: string },
): IntentionDraft => {
  refuseUnsupported(body);
  const action = body.Action === undefined || body.Action === '' ? undefined : actionOf(body.Action);
  const meta = body.Meta ?? {};
  return {
    sourceName: names.sourceName,
    destinationName: names.destinationName,
    ...(action === undefined ? {} : { action }),
    ...(body.Permissions === undefined || body.Permissions === null || body.Permissions.length === 0
      ? {}
      : { permissions: body.Permissions }),
    ...(body.Description === undefined || body.Description === '' ? {} : { description: body.Description }),
    ...(Object.keys(meta).length === 0 ? {} : { meta }),
  };
};

/** Parses an already decoded JSON body and makes its draft. Throws `REQUEST_INVALID` for a wrong shape, without values. */
export const parseIntentionDraft = (
  body: JsonValue,
  names: { readonly sourceName: string; readonly destinationName: string },
): IntentionDraft => {
  const parsed = intentionBodySchema.safeParse(body);
  if (parsed.success) return draftOf(parsed.data, names);
  const issue = parsed.error.issues[0];
  throw new BanyanError(
    'REQUEST_INVALID',
    `Request decode failed: ${issue?.path.join('.') || 'body'}: ${issue?.message}`,
  );
};

const actionOf = (text: string): 'allow' | 'deny' => {
  if (text === 'allow' || text === 'deny') return text;
  throw new BanyanError('INTENTION_INVALID', 'Action must be set to allow or deny');
};

const refuseUnsupported = (body: IntentionBody): void => {
  const rules: readonly (readonly [field: string, value: string | undefined, accepted: string])[] = [
    ['SourceNS', body.SourceNS, 'default'],
    ['DestinationNS', body.DestinationNS, 'default'],
    ['SourcePartition', body.SourcePartition, 'default'],
    ['DestinationPartition', body.DestinationPartition, 'default'],
    ['SourcePeer', body.SourcePeer, ''],
    ['SourceSamenessGroup', body.SourceSamenessGroup, ''],
    ['SourceType', body.SourceType, 'consul'],
  ];
  for (const [field, value, accepted] of rules) {
    if (value !== undefined && value !== '' && value !== accepted) {
      throw new BanyanError(
        'INTENTION_INVALID',
        `${field}: only ${accepted === '' ? 'an empty value' : `"${accepted}"`} is supported`,
      );
    }
  }
  if (body.JWT !== undefined && body.JWT !== null) {
    throw new BanyanError('INTENTION_INVALID', 'JWT: token requirements on an intention are not supported');
  }
};
