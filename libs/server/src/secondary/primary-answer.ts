import { BanyanError, parsedJson } from '@banyan/kernel';
import type { z } from 'zod';

/**
 * What the primary answered to a write that it made. Throws `VERSION_MISMATCH`: a primary of another version may have made
 * the write, and only says so in another way.
 */
export const readPrimaryAnswer = <T>(shape: z.ZodType<T>, text: string): T => {
  const parsed = shape.safeParse(parsedJson(text));
  if (parsed.success) return parsed.data;
  const at = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new BanyanError('VERSION_MISMATCH', `the answer of the primary is not understood, at "${at}"`);
};
