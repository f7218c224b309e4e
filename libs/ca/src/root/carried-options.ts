import type { SecretConfiguration } from './provider-access.js';

/** The options that hold for a datacenter whatever its root is. */
const CARRIED = ['leafcertttl', 'intermediatecertttl', 'csrmaxpersecond', 'csrmaxconcurrent'];

const isCarried = ([name]: readonly [string, unknown]): boolean => CARRIED.includes(name.toLowerCase());

/** The configuration of a root that is not active yet, with what was changed meanwhile and has nothing to do with roots. */
export const carriedOver = (change: SecretConfiguration, stored: SecretConfiguration): SecretConfiguration => {
  const own = Object.entries(stored.options).filter((option) => !isCarried(option));
  return { ...stored, options: Object.fromEntries([...own, ...Object.entries(change.options).filter(isCarried)]) };
};
