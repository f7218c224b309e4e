import { defineInput, pathText, refuse } from '@banyan/http-kit';
import { HOUR, isBanyanError, parseGoDuration } from '@banyan/kernel';
import { Certificate } from '@banyan/pki';
import { DEFAULT_POLICY, type RotationPolicy } from '@banyan/rotation';
import { z } from 'zod';
import { caOptions } from './ca-options.js';

const LONGEST_MS = 90 * 24 * HOUR;

/** A span as Go writes it, or in nanoseconds; 0 to 90 days. */
const span = z.union([z.string().max(64), z.number()]).transform((value, context): number => {
  try {
    const ms = Math.round(parseGoDuration(value));
    return ms >= 0 && ms <= LONGEST_MS ? ms : refuse(context, 'a wait is from 0s to 2160h');
  } catch (error) {
    if (!isBanyanError(error, 'DURATION_INVALID')) throw error;
    return refuse(context, error.message);
  }
});

const reason = z.string().max(512);
const planHash = z.string().max(128);

/** One datacenter's signing key, in place of the root. */
const scope = z.strictObject({ Datacenter: z.string().min(1).max(64) });

const rotateBody = z.strictObject({
  Scope: scope.optional(),
  Compromised: z.boolean().optional(),
  Deadline: span.optional(),
  Provider: z.string().min(1).max(256).optional(),
  Config: caOptions.optional(),
  ForceWithoutCrossSigning: z.boolean().optional(),
  Reason: reason.optional(),
  DistributeWait: span.optional(),
  VerifyWindow: span.optional(),
  RetireGrace: span.optional(),
  DryRun: z.boolean().optional(),
  PlanHash: planHash.optional(),
});
export type RotateBody = z.infer<typeof rotateBody>;

const ROOT_ONLY = [
  'Provider',
  'Config',
  'ForceWithoutCrossSigning',
  'DistributeWait',
  'VerifyWindow',
  'RetireGrace',
] as const;

/** Fields that have no meaning beside each other: silence would say that they were followed. */
const contradictions = (body: RotateBody): readonly (readonly [string, string])[] => {
  const { Scope, Compromised, Deadline, Reason } = body;
  if (Scope === undefined) {
    return [
      ...(Compromised === undefined
        ? []
        : [['Compromised', 'a compromised root is tainted: POST /v1/connect/ca/taint'] as const]),
      ...(Deadline === undefined ? [] : [['Deadline', 'only what is compromised has a deadline'] as const]),
    ];
  }
  return [
    ...ROOT_ONLY.filter((field) => body[field] !== undefined).map(
      (field) => [field, 'the key of a datacenter is rotated under the root that stays'] as const,
    ),
    ...(Compromised === true && (Reason === undefined || Reason === '')
      ? [['Reason', 'say why it is thought to be compromised'] as const]
      : []),
    ...(Compromised !== true && Deadline !== undefined
      ? [['Deadline', 'only what is compromised has a deadline'] as const]
      : []),
  ];
};

/** An empty body asks for a next root under the present configuration. */
export const rotateInput = defineInput({
  body: rotateBody.superRefine((body, context) => {
    for (const [field, why] of contradictions(body)) {
      context.addIssue({ code: 'custom', path: [field], message: `field "${field}": ${why}` });
    }
  }),
  bodyOptional: true,
});

const LONGEST_PEM = 65_536;

/** The certificate of a root, which may have left long ago. */
const rootPem = z
  .string()
  .max(LONGEST_PEM)
  .transform((pem, context): Certificate => {
    try {
      const certificate = Certificate.fromPem(pem);
      return certificate.selfSigned && certificate.isCa
        ? certificate
        : refuse(context, 'field "RootPEM": it is not the certificate of a root, which signs itself');
    } catch (error) {
      if (!isBanyanError(error)) throw error;
      return refuse(context, `field "RootPEM": ${error.message}`);
    }
  });

/** What is compromised, a root or a datacenter's signing key, and why that is thought. */
export const taintInput = defineInput({
  body: z
    .strictObject({
      RootID: z.string().min(1).max(64).optional(),
      RootPEM: rootPem.optional(),
      Datacenter: z.string().min(1).max(64).optional(),
      Reason: reason.min(1),
      Deadline: span.optional(),
      DryRun: z.boolean().optional(),
      PlanHash: planHash.optional(),
    })
    .refine((body) => [body.RootID, body.RootPEM, body.Datacenter].filter((each) => each !== undefined).length === 1, {
      path: ['RootID'],
      message: 'give one of "RootID", "RootPEM" and "Datacenter": what is compromised',
    }),
});

const params = { id: pathText(64) };
/** Only the common query. */
export const listInput = defineInput({});
/** The ID of a rotation. */
export const oneInput = defineInput({ params });
/** What every step may say: why, whether it is only looked at, and what was seen when it was. */
const step = { Reason: reason.optional(), DryRun: z.boolean().optional(), PlanHash: planHash.optional() };

/** What nobody takes back needs a reason, which a look at it does not. */
const isReasoned = ({ Reason, DryRun }: { Reason?: string | undefined; DryRun?: boolean | undefined }): boolean =>
  DryRun === true || (Reason !== undefined && Reason !== '');
const REASON_MISSING = { path: ['Reason'], message: 'field "Reason": say why, the journal keeps it' };

/** The ID of a rotation, and why something is asked of it. */
export const actInput = defineInput({ params, body: z.strictObject(step), bodyOptional: true });
/** The ID of a rotation whose root is to leave now, and why. */
export const retireInput = defineInput({ params, body: z.strictObject(step).refine(isReasoned, REASON_MISSING) });
/** Whom a rotation shall no longer wait for, and why. */
export const waiveInput = defineInput({
  params,
  body: z
    .strictObject({
      ...step,
      Datacenter: z.string().min(1).max(64),
      Node: z.string().min(1).max(256).optional(),
    })
    .refine(isReasoned, REASON_MISSING),
});

/** The waits that a body gives, and the usual ones for the rest. */
export const policyOf = (body: RotateBody): RotationPolicy => ({
  ...DEFAULT_POLICY,
  ...(body.DistributeWait !== undefined && { distributeWaitMs: body.DistributeWait }),
  ...(body.VerifyWindow !== undefined && { verifyWindowMs: body.VerifyWindow }),
  ...(body.RetireGrace !== undefined && { retireGraceMs: body.RetireGrace }),
  ...(body.Deadline !== undefined && { deadlineMs: body.Deadline }),
});
