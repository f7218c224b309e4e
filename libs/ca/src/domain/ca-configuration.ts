import {
  BanyanError,
  type DurationMs,
  durationMs,
  formatGoDuration,
  HOUR,
  isBanyanError,
  parseGoDuration,
} from '@banyan/kernel';
import { type KeySpec, parseKeySpec } from '@banyan/pki';

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
}

/** Stands for a secret in what is stored and read back; written back unchanged, it means "keep what you have". */
export const HIDDEN = '<hidden>';

export const DEFAULT_OPTIONS = { LeafCertTTL: '72h', IntermediateCertTTL: '8760h', RootCertTTL: '87600h' } as const;

const KNOWN = new Map(
  [
    'LeafCertTTL',
    'IntermediateCertTTL',
    'RootCertTTL',
    'PrivateKeyType',
    'PrivateKeyBits',
    'CSRMaxPerSecond',
    'CSRMaxConcurrent',
    'SkipValidate',
    'PrivateKey',
    'RootCert',
  ].map((name) => [name.toLowerCase(), name]),
);

/** The shortest certificate that SkipValidate allows: everything is backdated by a minute, which counts. */
const SHORTEST_MS = 90_000;
const LEAF_MAX = durationMs(8_760 * HOUR);
const INTERMEDIATE_MIN = durationMs(3 * HOUR);

/**
 * Parses and checks a provider name and its option map: keys in any case, numbers and booleans also as strings.
 * Throws `CA_PROVIDER_UNKNOWN`, or `CA_CONFIG_INVALID` with the texts existing clients match on.
 */
export const parseCaConfiguration = (provider: string, options: Readonly<Record<string, unknown>>): CaConfiguration => {
  if (provider !== 'consul') {
    throw new BanyanError(
      'CA_PROVIDER_UNKNOWN',
      `could not initialize provider: unknown CA provider "${provider.slice(0, 64)}"`,
    );
  }
  const read = new OptionReader(options);
  const configuration: CaConfiguration = {
    provider,
    options: withoutSecrets(options),
    leafTtlMs: read.duration('LeafCertTTL', DEFAULT_OPTIONS.LeafCertTTL),
    intermediateTtlMs: read.duration('IntermediateCertTTL', DEFAULT_OPTIONS.IntermediateCertTTL),
    rootTtlMs: read.duration('RootCertTTL', DEFAULT_OPTIONS.RootCertTTL),
    keySpec: readKeySpec(read),
    csrMaxPerSecond: read.number('CSRMaxPerSecond', 50),
    csrMaxConcurrent: read.number('CSRMaxConcurrent', 0),
    skipValidate: read.boolean('SkipValidate'),
    keptHiddenKey: read.text('PrivateKey') === HIDDEN,
    ...readOwnRoot(read),
  };
  if (!read.boolean('SkipValidate')) checkTtls(configuration);
  else checkShortest(configuration);
  return configuration;
};

/** What makes a CA instance: a change of any of these needs a new root; a change of anything else does not. */
export const needsNextRoot = (current: CaConfiguration, next: CaConfiguration): boolean =>
  current.provider !== next.provider ||
  current.keySpec.type !== next.keySpec.type ||
  current.keySpec.bits !== next.keySpec.bits ||
  (current.ownRoot?.certificatePem.trim() ?? optionText(current.options, 'RootCert')) !==
    (next.ownRoot?.certificatePem.trim() ?? optionText(next.options, 'RootCert'));

const optionText = (options: Readonly<Record<string, unknown>>, name: string): string => {
  const key = Object.keys(options).find((k) => k.toLowerCase() === name.toLowerCase());
  const value = key === undefined ? undefined : options[key];
  return typeof value === 'string' ? value.trim() : '';
};

/** The refusal of a configuration, in the words that existing clients look for. */
export const refuse = (text: string): BanyanError =>
  new BanyanError('CA_CONFIG_INVALID', `error configuring provider: ${text}`);

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

const readOwnRoot = (read: OptionReader): Pick<CaConfiguration, 'ownRoot'> => {
  const certificatePem = read.text('RootCert');
  const privateKeyPem = read.text('PrivateKey');
  if (certificatePem === undefined && privateKeyPem === undefined) return {};
  if (privateKeyPem === HIDDEN) return {};
  if (certificatePem === undefined || privateKeyPem === undefined) {
    throw refuse('RootCert and PrivateKey belong together: give both, or neither to have them generated');
  }
  return { ownRoot: { certificatePem, privateKeyPem } };
};

const withoutSecrets = (options: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(options).map(([key, value]) => [
      key,
      key.toLowerCase() === 'privatekey' && value !== '' ? HIDDEN : value,
    ]),
  );

class OptionReader {
  readonly #values = new Map<string, unknown>();

  constructor(options: Readonly<Record<string, unknown>>) {
    for (const [key, value] of Object.entries(options)) {
      const name = KNOWN.get(key.toLowerCase());
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
