import { HOUR, MINUTE, SECOND } from '@banyan/kernel';
import { z } from 'zod';

const span = z
  .int()
  .min(0)
  .max(90 * 24 * HOUR);

/** How long a rotation waits for what. Units: ms. */
export const policySchema = z.object({
  /** Where the next root is cross-signed: the longest wait for everybody to trust it before it signs. */
  distributeWaitMs: span,
  /** For so long no handshake may have needed the previous root. A shadow report comes every few seconds. */
  verifyWindowMs: span,
  /** The previous root stays in the bundle, and the way back open, for so long after that. */
  retireGraceMs: span,
  /** A compromised root is dropped this long after the start, whoever still needs it. */
  deadlineMs: span,
});
export type RotationPolicy = z.output<typeof policySchema>;

/** Of a rotation that a person starts and watches. */
export const DEFAULT_POLICY: RotationPolicy = {
  distributeWaitMs: 15 * MINUTE,
  verifyWindowMs: 5 * MINUTE,
  retireGraceMs: HOUR,
  deadlineMs: 10 * MINUTE,
};

/**
 * Of a rotation that a write of the CA configuration starts: its caller waits for the answer, and existing tools give up
 * after 10 s; the cross-signed certificate covers whoever is late.
 */
export const CONFIGURATION_WRITE_POLICY: RotationPolicy = { ...DEFAULT_POLICY, distributeWaitMs: 5 * SECOND };
