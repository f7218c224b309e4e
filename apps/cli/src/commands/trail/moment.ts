import { BanyanError, isBanyanError, parseGoDuration } from '@banyan/kernel';

/** A moment that a person gives: a span before now (`3h`), or a time. As RFC 3339. Throws `CONFIG_INVALID`. */
export const momentOf = (text: string, now: number, option: string): string => {
  if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(Date.parse(text))) return new Date(Date.parse(text)).toISOString();
  try {
    return new Date(now - parseGoDuration(text)).toISOString();
  } catch (error) {
    if (!isBanyanError(error, 'DURATION_INVALID')) throw error;
    throw new BanyanError('CONFIG_INVALID', `${option} is a span such as 3h, or a time such as 2031-01-31T12:00:00Z`);
  }
};
