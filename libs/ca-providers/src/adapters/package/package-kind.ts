import { pathToFileURL } from 'node:url';
import { COMMON_OPTION_NAMES, ownOptionsOf, type RootProvider, type RootProviderKind } from '@banyan/ca';
import { BanyanError, isBanyanError, messageOf } from '@banyan/kernel';
import { z } from 'zod';
import { type ProviderTools, providerTools } from '../../domain/provider-package.js';
import { preflight } from '../preflight.js';
import type { ProviderSurroundings } from '../provider-surroundings.js';
import { CheckedProvider, type ForeignProvider, isProvider } from './checked-provider.js';
import { findPackage, packageFolders } from './find-package.js';

/** What goes before the name of a package in the configuration. */
const PREFIX = 'package:';

const names = z.array(z.string().regex(/^[A-Za-z][A-Za-z0-9_.]{0,63}$/)).max(64);
const isFunction = z.custom<(...args: never[]) => unknown>((value) => typeof value === 'function');
const kindSchema = z.object({
  optionNames: names,
  secretNames: names,
  identityNames: names,
  open: isFunction,
});
const moduleSchema = z.object({ default: isFunction });

/** The options that every provider has; a package cannot take their names. */
const COMMON: ReadonlySet<string> = new Set(COMMON_OPTION_NAMES.map((name) => name.toLowerCase()));

/**
 * Loads the kind of provider that a package exports by default (a {@link RootProviderFactory}). Code of the package runs in
 * this process with everything it may do: packages are named by whoever sets up the server, never by a request.
 * Throws `CA_PROVIDER_UNKNOWN`, naming the package.
 */
export const loadPackageKind = async (
  packageName: string,
  surroundings: ProviderSurroundings,
  from: readonly string[] = packageFolders(),
): Promise<RootProviderKind> => {
  const { entry, version } = await findPackage(packageName, from);
  const factory = await importFactory(packageName, entry);
  const tools = providerTools(surroundings.random, surroundings.logger);
  const declared = readKind(packageName, factory, tools);
  surroundings.logger.info('CA provider package loaded', { package: packageName, version });
  const { optionNames, secretNames, identityNames } = declared;
  const kind: RootProviderKind = {
    name: `${PREFIX}${packageName}`,
    optionNames,
    secretNames,
    identityNames,
    open: (options) => openChecked(packageName, declared, options),
    preflight: async (options, request, signal) => preflight(kind.open(options), request, signal),
  };
  return kind;
};

const importFactory = async (packageName: string, entry: string): Promise<(tools: ProviderTools) => unknown> => {
  let loaded: unknown;
  try {
    loaded = await import(pathToFileURL(entry).href);
  } catch (error) {
    throw unusable(packageName, `cannot be loaded: ${messageOf(error)}`, error);
  }
  const parsed = moduleSchema.safeParse(loaded);
  if (!parsed.success) throw unusable(packageName, 'has no function as its default export');
  return parsed.data.default as (tools: ProviderTools) => unknown;
};

interface DeclaredKind {
  readonly optionNames: readonly string[];
  readonly secretNames: readonly string[];
  readonly identityNames: readonly string[];
  readonly open: (options: Readonly<Record<string, unknown>>) => unknown;
}

const readKind = (
  packageName: string,
  factory: (tools: ProviderTools) => unknown,
  tools: ProviderTools,
): DeclaredKind => {
  let made: unknown;
  try {
    made = factory(tools);
  } catch (error) {
    throw unusable(packageName, `throws as it is set up: ${messageOf(error)}`, error);
  }
  const parsed = kindSchema.safeParse(made);
  if (!parsed.success) {
    const at = parsed.error.issues[0]?.path.join('.') ?? '';
    throw unusable(packageName, `does not describe a provider: ${at === '' ? 'no object was returned' : at}`);
  }
  const taken = parsed.data.optionNames.find((name) => COMMON.has(name.toLowerCase()));
  if (taken !== undefined) throw unusable(packageName, `takes the name of the common option ${taken}`);
  return { ...parsed.data, open: (options) => (made as DeclaredKind).open(options) };
};

const openChecked = (
  packageName: string,
  declared: DeclaredKind,
  options: Readonly<Record<string, unknown>>,
): RootProvider => {
  const own = ownOptionsOf(declared.optionNames, options);
  const secrets = declared.secretNames
    .flatMap((name) => Object.values(ownOptionsOf([name], own)))
    .filter((value): value is string => typeof value === 'string' && value !== '');
  return new CheckedProvider(packageName, openForeign(packageName, declared, own), secrets);
};

const openForeign = (
  packageName: string,
  declared: DeclaredKind,
  own: Readonly<Record<string, unknown>>,
): ForeignProvider => {
  let provider: unknown;
  try {
    provider = declared.open(own);
  } catch (error) {
    if (isBanyanError(error, 'CA_CONFIG_INVALID')) throw error;
    throw new BanyanError(
      'CA_CONFIG_INVALID',
      `error configuring provider: the package ${packageName} refuses its options`,
      {
        cause: error,
        fields: { package: packageName },
      },
    );
  }
  if (isProvider(provider)) return provider;
  throw unusable(packageName, 'opens something that has not the five methods of a provider');
};

const unusable = (packageName: string, what: string, cause?: unknown): BanyanError =>
  new BanyanError('CA_PROVIDER_UNKNOWN', `the CA provider package ${packageName} ${what}`.slice(0, 400), {
    fields: { package: packageName },
    ...(cause !== undefined && { cause }),
  });
