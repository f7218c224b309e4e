import { BanyanError, type DurationMs, durationMs, formatGoDuration, HOUR, isBanyanError } from '@banyan/kernel';
import { type KeySpec, parseKeySpec } from '@banyan/pki';
import type { RootProviderKind } from '../ports/root-provider.js';
import { DEFAULT_CSR_MAX_PER_SECOND } from './csr-limiter.js';
import { OptionReader, refuse } from './option-reader.js';
import { HIDDEN, NO_OWN_OPTIONS, type ProviderOptions, readProviderOptions, sameOption } from './provider-options.js';

export { refuse } from './option-reader.js';
export { HIDDEN } from './provider-options.js';

/** The options of a CA, after parsing. Source: the Consul CA configuration, whose spelling and rules clients rely on. */
export interface CaConfiguration {
  readonly provider: string;
  /** What was written, key spelling kept, secrets replaced by {@link HIDDEN}: the next read returns it. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly leafTtlMs: DurationMs;
  readonly intermediateTtlMs: DurationMs;
  readonly rootTtlMs: DurationMs;
  readonly keySpec: KeySpec;
  /** Signatures per second and server process; 0 = no limit by rate. */
  readonly csrMaxPerSecond: number;
  /** Signatures under way at once, used only when the rate is 0; 0 = no limit. */
  readonly csrMaxConcurrent: number;
  /** The operator's own root, when one was given. */
  readonly ownRoot?: { readonly certificatePem: string; readonly privateKeyPem: string };
  /** The relations between lifetimes are not checked: for tests. */
  readonly skipValidate: boolean;
  /** The private key was written back as {@link HIDDEN}: the stored one is meant. */
  readonly keptHiddenKey: boolean;
  /** What a provider other than the built-in one says of its own options. */
  readonly own: ProviderOptions;
}

/** What a new trust domain is configured with. Source: the Consul CA configuration. */
export const DEFAULT_OPTIONS = { LeafCertTTL: '72h', IntermediateCertTTL: '8760h', RootCertTTL: '87600h' } as const;

/** The options that every provider takes, in their documented spelling; all of them are public. */
export const COMMON_OPTION_NAMES = [
  'LeafCertTTL',
  'IntermediateCertTTL',
  'RootCertTTL',
  'PrivateKeyType',
  'PrivateKeyBits',
  'CSRMaxPerSecond',
  'CSRMaxConcurrent',
  'SkipValidate',
] as const;
const BUILT_IN_NAMES = ['PrivateKey', 'RootCert'] as const;

/** The shortest certificate that SkipValidate allows: everything is backdated by a minute, which counts. */
const SHORTEST_MS = 90_000;
const LEAF_MAX = durationMs(8_760 * HOUR);
const INTERMEDIATE_MIN = durationMs(3 * HOUR);

/**
 * Parses and checks a provider name and its option map: keys in any case, numbers and booleans also as strings. The
 * options of a provider's own are those of its kind in `kinds`; the built-in one is always known. Whether their values
 * fit is for `RootProviderKind.open` to say.
 * Throws `CA_PROVIDER_UNKNOWN`, or `CA_CONFIG_INVALID` with the texts existing clients match on.
 */
export const parseCaConfiguration = (
  provider: string,
  options: Readonly<Record<string, unknown>>,
  kinds: ReadonlyMap<string, RootProviderKind> = new Map(),
): CaConfiguration => {
  if (provider === BUILT_IN) {
    const read = new OptionReader(options, { shared: [...COMMON_OPTION_NAMES, ...BUILT_IN_NAMES], own: [] });
    return parseWith(read, { provider, options: withoutPrivateKey(options), own: NO_OWN_OPTIONS });
  }
  const kind = kinds.get(provider);
  if (kind === undefined) {
    throw new BanyanError(
      'CA_PROVIDER_UNKNOWN',
      `could not initialize provider: unknown CA provider "${provider.slice(0, 64)}"`,
    );
  }
  const read = new OptionReader(options, { shared: COMMON_OPTION_NAMES, own: kind.optionNames });
  return parseWith(read, { provider, ...readProviderOptions(kind, options) });
};

/**
 * Parses a configuration that was accepted before, here or in the primary: this process may lack the provider that it
 * names, and needs only what is common to all. Options it does not know are passed through.
 * Throws `CA_CONFIG_INVALID`.
 */
export const parseStoredCaConfiguration = (
  provider: string,
  options: Readonly<Record<string, unknown>>,
): CaConfiguration => {
  if (provider === BUILT_IN) return parseCaConfiguration(provider, options);
  const read = new OptionReader(options, { shared: COMMON_OPTION_NAMES, own: 'any' });
  return parseWith(read, { provider, options, own: NO_OWN_OPTIONS });
};

const BUILT_IN = 'consul';

const parseWith = (
  read: OptionReader,
  given: Pick<CaConfiguration, 'provider' | 'options' | 'own'>,
): CaConfiguration => {
  const configuration: CaConfiguration = {
    ...given,
    leafTtlMs: read.duration('LeafCertTTL', DEFAULT_OPTIONS.LeafCertTTL),
    intermediateTtlMs: read.duration('IntermediateCertTTL', DEFAULT_OPTIONS.IntermediateCertTTL),
    rootTtlMs: read.duration('RootCertTTL', DEFAULT_OPTIONS.RootCertTTL),
    keySpec: readKeySpec(read),
    csrMaxPerSecond: read.number('CSRMaxPerSecond', DEFAULT_CSR_MAX_PER_SECOND),
    csrMaxConcurrent: read.number('CSRMaxConcurrent', 0),
    skipValidate: read.boolean('SkipValidate'),
    keptHiddenKey: false,
    ...(given.provider === BUILT_IN && readOwnRoot(read)),
  };
  if (!configuration.skipValidate) checkTtls(configuration);
  else checkShortest(configuration);
  return configuration;
};

/**
 * What makes a CA instance: a change of any of these needs a new root; a change of anything else does not. The current
 * configuration may be a stored one, whose provider's kind is not at hand: the next one's kind says what to compare.
 */
export const needsNextRoot = (current: CaConfiguration, next: CaConfiguration): boolean =>
  current.provider !== next.provider ||
  current.keySpec.type !== next.keySpec.type ||
  current.keySpec.bits !== next.keySpec.bits ||
  next.own.identityNames.some((name) => !sameOption(name, current.options, next.options)) ||
  (current.ownRoot?.certificatePem.trim() ?? optionText(current.options, 'RootCert')) !==
    (next.ownRoot?.certificatePem.trim() ?? optionText(next.options, 'RootCert'));

const optionText = (options: Readonly<Record<string, unknown>>, name: string): string => {
  const key = Object.keys(options).find((k) => k.toLowerCase() === name.toLowerCase());
  const value = key === undefined ? undefined : options[key];
  return typeof value === 'string' ? value.trim() : '';
};

/** The order of these checks is part of the contract: the first broken rule is the one that is told. */
const checkTtls = ({ rootTtlMs, intermediateTtlMs, leafTtlMs }: CaConfiguration): void => {
  const [root, intermediate, leaf] = [rootTtlMs, intermediateTtlMs, leafTtlMs].map(formatGoDuration);
  if (rootTtlMs < intermediateTtlMs) {
    throw refuse(`root cert ttl ${root} is not greater than intermediate cert ttl ${intermediate}: raise RootCertTTL`);
  }
  if (leafTtlMs < HOUR)
    throw refuse(`leaf cert TTL must be greater or equal than ${formatGoDuration(HOUR)}, not ${leaf}`);
  if (leafTtlMs > LEAF_MAX) throw refuse(`leaf cert TTL must be less than ${formatGoDuration(LEAF_MAX)}, not ${leaf}`);
  if (intermediateTtlMs < INTERMEDIATE_MIN) {
    throw refuse(`Intermediate Cert TTL must be greater or equal than 3h, not ${intermediate}`);
  }
  if (intermediateTtlMs < 3 * leafTtlMs) {
    throw refuse(
      `Intermediate Cert TTL must be greater or equal than 3 * LeafCertTTL (>=${formatGoDuration(durationMs(3 * leafTtlMs))}), not ${intermediate}`,
    );
  }
};

const checkShortest = ({ rootTtlMs, intermediateTtlMs, leafTtlMs }: CaConfiguration): void => {
  if (Math.min(rootTtlMs, intermediateTtlMs, leafTtlMs) < SHORTEST_MS) {
    throw refuse('certificate TTLs below 90s are refused, even with SkipValidate');
  }
};

const readKeySpec = (read: OptionReader): KeySpec => {
  const type = read.text('PrivateKeyType') ?? 'ec';
  const bits = read.number('PrivateKeyBits', 256);
  try {
    return parseKeySpec(type, bits);
  } catch (error) {
    if (!isBanyanError(error, 'KEY_UNSUPPORTED', 'KEY_TOO_WEAK')) throw error;
    if (type === 'ec') throw refuse(`EC key length must be one of (256, 384, 521) bits, not ${bits}`);
    if (type === 'rsa')
      throw refuse(
        `RSA key length must be 2048 or 4096 bits, not ${bits}: give PrivateKeyBits with PrivateKeyType rsa`,
      );
    throw refuse(`private key type must be either ec or rsa, not "${type.slice(0, 32)}"`);
  }
};

const readOwnRoot = (read: OptionReader): Pick<CaConfiguration, 'ownRoot' | 'keptHiddenKey'> => {
  const certificatePem = read.text('RootCert');
  const privateKeyPem = read.text('PrivateKey');
  if (certificatePem === undefined && privateKeyPem === undefined) return { keptHiddenKey: false };
  if (privateKeyPem === HIDDEN) return { keptHiddenKey: true };
  if (certificatePem === undefined || privateKeyPem === undefined) {
    throw refuse('RootCert and PrivateKey belong together: give both, or neither to have them generated');
  }
  return { ownRoot: { certificatePem, privateKeyPem }, keptHiddenKey: false };
};

const withoutPrivateKey = (options: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(options).map(([key, value]) => [
      key,
      key.toLowerCase() === 'privatekey' && value !== '' ? HIDDEN : value,
    ]),
  );
