import { InvalidArgumentError } from 'commander';

/** A number of entries, or of one. */
export const wholeNumber = (text: string): number => {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is a whole number.');
};
