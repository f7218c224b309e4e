import { defineInput, pathText, refuse } from '@banyan/http-kit';
import { HOUR, isBanyanError, parseGoDuration } from '@banyan/kernel';
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

const rotateBody = z.strictObject({
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

/** An empty body asks for a next root under the present configuration. */
export const rotateInput = defineInput({ body: rotateBody, bodyOptional: true });

/** A root and why it is compromised. */
export const taintInput = defineInput({
  body: z.strictObject({
    RootID: z.string().min(1).max(64),
    Reason: reason.min(1),
    Deadline: span.optional(),
    DryRun: z.boolean().optional(),
    PlanHash: planHash.optional(),
  }),
});

const params = { id: pathText(64) };
/** Only the common query. */
export const listInput = defineInput({});
/** The ID of a rotation. */
export const oneInput = defineInput({ params });
/** The ID of a rotation, and why something is asked of it. */
export const actInput = defineInput({
  params,
  body: z.strictObject({ Reason: reason.optional() }),
  bodyOptional: true,
});
/** Whom a rotation shall no longer wait for, and why. */
export const waiveInput = defineInput({
  params,
  body: z.strictObject({
    Datacenter: z.string().min(1).max(64),
    Node: z.string().min(1).max(256).optional(),
    Reason: reason.min(1),
  }),
});

/** The waits that a body gives, and the usual ones for the rest. */
export const policyOf = (body: RotateBody): RotationPolicy => ({
  ...DEFAULT_POLICY,
  ...(body.DistributeWait !== undefined && { distributeWaitMs: body.DistributeWait }),
  ...(body.VerifyWindow !== undefined && { verifyWindowMs: body.VerifyWindow }),
  ...(body.RetireGrace !== undefined && { retireGraceMs: body.RetireGrace }),
});
