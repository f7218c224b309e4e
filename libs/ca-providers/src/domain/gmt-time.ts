import type { EpochMs } from '@banyan/kernel';

/** RFC 3339 in whole seconds, `2030-01-31T12:00:00Z`: what Vault takes as `not_after`. */
export const wholeSecondsIso = (moment: EpochMs): string =>
  new Date(Math.floor(moment / 1_000) * 1_000).toISOString().replace('.000Z', 'Z');
