import { canonicalJson, type JsonValue } from '@banyan/kernel';
import type { RootProviderKind } from '../ports/root-provider.js';
import { foldOptionName, refuse } from './option-reader.js';

type OptionMap = Readonly<Record<string, unknown>>;

/** Stands for a secret in what is stored and read back; written back unchanged, it means "keep what you have". */
export const HIDDEN = '<hidden>';

/** What the kind of a provider says about the options that were written. */
export interface ProviderOptions {
  /** Secrets that were written in clear, by the kind's name: two maps with other secrets look alike once hidden. */
  readonly givenSecrets: readonly string[];
  /** Secrets that were written as {@link HIDDEN}: the stored ones are meant, see {@link withStoredSecrets}. */
  readonly keptHidden: readonly string[];
  /** The options whose change needs a next root. */
  readonly identityNames: readonly string[];
}

/** Of the built-in provider, and of a stored configuration whose provider is not at hand. */
export const NO_OWN_OPTIONS: ProviderOptions = { givenSecrets: [], keptHidden: [], identityNames: [] };

/** The kind's view of the options, and the whole map with its secrets hidden. Throws `CA_CONFIG_INVALID`. */
export const readProviderOptions = (
  kind: RootProviderKind,
  options: OptionMap,
): { readonly options: OptionMap; readonly own: ProviderOptions } => {
  const givenSecrets: string[] = [];
  const keptHidden: string[] = [];
  let shown = options;
  for (const name of kind.secretNames) {
    const value = optionAt(options, name);
    if (isAbsent(value)) continue;
    if (typeof value !== 'string') throw refuse(`${name} must be a string`);
    (value === HIDDEN ? keptHidden : givenSecrets).push(name);
    shown = withOption(shown, name, HIDDEN);
  }
  return { options: shown, own: { givenSecrets, keptHidden, identityNames: kind.identityNames } };
};

/**
 * The options to open a provider with: what was written, with the secrets of `stored` (an option map in clear) where it
 * says {@link HIDDEN}. Throws `CA_CONFIG_INVALID` where a secret is hidden and none is stored.
 */
export const withStoredSecrets = (
  kind: Pick<RootProviderKind, 'secretNames'>,
  options: OptionMap,
  stored: OptionMap | undefined,
): OptionMap => {
  let complete = options;
  for (const name of kind.secretNames) {
    if (optionAt(options, name) !== HIDDEN) continue;
    const secret = optionAt(stored ?? {}, name);
    if (isAbsent(secret) || secret === HIDDEN) {
      throw refuse(`${name} is hidden and none is stored: give the value itself`);
    }
    complete = withOption(complete, name, secret);
  }
  return complete;
};

/** A provider's own options among all, by their documented names; those that are empty count as left out. */
export const ownOptionsOf = (optionNames: readonly string[], options: OptionMap): Record<string, unknown> =>
  Object.fromEntries(
    optionNames.map((name) => [name, optionAt(options, name)] as const).filter(([, value]) => !isAbsent(value)),
  );

/** Whether two option maps say the same for a name; one that is left out and an empty one are the same. */
export const sameOption = (name: string, one: OptionMap, other: OptionMap): boolean => {
  const [a, b] = [one, other].map((options) => canonicalJson((optionAt(options, name) ?? '') as JsonValue));
  return a === b;
};

const isAbsent = (value: unknown): boolean => value === undefined || value === null || value === '';

const isMap = (value: unknown): value is OptionMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Which of two spellings was meant nobody can tell, and a secret in the other one would be shown. */
const keyFor = (options: OptionMap, name: string): string | undefined => {
  const [key, ...more] = Object.keys(options).filter((each) => foldOptionName(each) === foldOptionName(name));
  if (more.length > 0) throw refuse(`${name} is given twice, in different spellings`);
  return key;
};

/** The value at a name; a dot in the name goes into a nested map. */
const optionAt = (options: OptionMap, path: string): unknown => {
  let value: unknown = options;
  for (const name of path.split('.')) {
    if (isAbsent(value)) return undefined;
    if (!isMap(value)) throw refuse(`${path.slice(0, path.indexOf(`.${name}`))} must be a map of names to values`);
    const key = keyFor(value, name);
    value = key === undefined ? undefined : value[key];
  }
  return value;
};

/** The map with another value at an existing name; key spelling and order are kept. */
const withOption = (options: OptionMap, path: string, value: unknown): OptionMap => {
  const [name = '', ...rest] = path.split('.');
  const key = keyFor(options, name);
  if (key === undefined) return options;
  const inner = options[key];
  const changed = rest.length === 0 ? value : isMap(inner) ? withOption(inner, rest.join('.'), value) : inner;
  return { ...options, [key]: changed };
};
