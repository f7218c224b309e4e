import { BanyanError, durationMs, isBanyanError, parseGoDuration, type Random } from '@banyan/kernel';
import { waitLimit } from '@banyan/watch';

/** `index` and `wait` of a blocking query, by the exact rules of contract §0.7. Throws `REQUEST_INVALID`. */
export const waitOf = (query: unknown, random: Random): { readonly minIndex: number; readonly waitMs: number } => {
  const { index, wait } = query as { index?: string | string[]; wait?: string | string[] };
  const indexText = [index].flat()[0];
  if (indexText === undefined || indexText === '' || indexText === '0') return { minIndex: 0, waitMs: 0 };
  if (!/^\d{1,20}$/.test(indexText)) throw new BanyanError('REQUEST_INVALID', 'Invalid index');
  const limit = waitLimit(waitText([wait].flat()[0]));
  return { minIndex: Number(indexText), waitMs: limit + (limit / 16) * random.fraction() };
};

const waitText = (text: string | undefined) => {
  if (text === undefined || text === '') return durationMs(0);
  try {
    return parseGoDuration(text);
  } catch (error) {
    if (!isBanyanError(error, 'DURATION_INVALID')) throw error;
    throw new BanyanError('REQUEST_INVALID', 'Invalid wait time');
  }
};
