import type { EpochMs } from '@banyan/kernel';

/** Which share of a certificate's life is over: 0 before it begins, 1 after its end, in ten-thousandths. */
export const lifeUsed = (
  { notBefore, notAfter }: { readonly notBefore: EpochMs; readonly notAfter: EpochMs },
  now: EpochMs,
): number => {
  const share = (now - notBefore) / Math.max(1, notAfter - notBefore);
  return Math.round(Math.min(1, Math.max(0, share)) * 10_000) / 10_000;
};
