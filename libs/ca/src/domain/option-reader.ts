import { BanyanError, type DurationMs, isBanyanError, parseGoDuration } from '@banyan/kernel';

/** The refusal of a configuration, in the words that existing clients look for. */
export const refuse = (text: string): BanyanError =>
  new BanyanError('CA_CONFIG_INVALID', `error configuring provider: ${text}`);

/** Which options there are. Those of a provider's own are also read as `auth_method`; `any` lets every other name pass. */
export interface OptionNames {
  /** Those of every provider. */
  readonly shared: readonly string[];
  readonly own: readonly string[] | 'any';
}

/** How the name of a provider's own option is compared: `AuthMethod`, `authmethod` and `auth_method` are one. */
export const foldOptionName = (name: string): string => name.toLowerCase().replaceAll('_', '');

/** Reads an option map by documented names: keys in any case, numbers and booleans also as strings. */
export class OptionReader {
  readonly #values = new Map<string, unknown>();

  constructor(options: Readonly<Record<string, unknown>>, names: OptionNames) {
    const shared = new Map(names.shared.map((name) => [name.toLowerCase(), name]));
    const own = new Map(names.own === 'any' ? [] : names.own.map((name) => [foldOptionName(name), name]));
    for (const [key, value] of Object.entries(options)) {
      const name =
        shared.get(key.toLowerCase()) ?? own.get(foldOptionName(key)) ?? (names.own === 'any' ? key : undefined);
      if (name === undefined) throw refuse(`unknown option "${key.slice(0, 64)}"`);
      // Which of two spellings was meant nobody can tell, least of all from the order of keys in JSON.
      if (this.#values.has(name)) throw refuse(`${name} is given twice, in different spellings`);
      this.#values.set(name, value);
    }
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name);
    if (value === undefined || value === null || value === '') return undefined;
    if (typeof value !== 'string') throw refuse(`${name} must be a string`);
    return value;
  }

  number(name: string, fallback: number): number {
    const value = this.#values.get(name);
    if (value === undefined || value === null || value === '') return fallback;
    const number = typeof value === 'string' ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isFinite(number) || number < 0 || number > 1e6) {
      throw refuse(`${name} must be a number between 0 and 1000000`);
    }
    return number;
  }

  boolean(name: string): boolean {
    const value = this.#values.get(name);
    if (value === undefined || value === null || value === '') return false;
    if (typeof value === 'boolean') return value;
    if (value === 'true' || value === 1 || value === '1') return true;
    if (value === 'false' || value === 0 || value === '0') return false;
    throw refuse(`${name} must be a boolean`);
  }

  duration(name: string, fallback: string): DurationMs {
    const value = this.#values.get(name);
    if (value === undefined || value === null || value === '') return parseGoDuration(fallback);
    if (typeof value !== 'string' && typeof value !== 'number')
      throw refuse(`${name} must be a duration such as ${fallback}`);
    try {
      return parseGoDuration(value);
    } catch (error) {
      if (!isBanyanError(error, 'DURATION_INVALID')) throw error;
      throw refuse(`${name}: ${error.message}`);
    }
  }
}
