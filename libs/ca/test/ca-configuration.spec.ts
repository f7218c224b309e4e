import { isBanyanError } from '@banyan/kernel';
import { describe, expect, it } from '@jest/globals';
import {
  HIDDEN,
  needsNextRoot,
  parseCaConfiguration,
  parseStoredCaConfiguration,
} from '../src/domain/ca-configuration.js';
import { ownOptionsOf, withStoredSecrets } from '../src/domain/provider-options.js';
import type { RootProviderKind } from '../src/ports/root-provider.js';

const HOUR = 3_600_000;
const parse = (options: Readonly<Record<string, unknown>>) => parseCaConfiguration('consul', options);

/** The code and the text, so that one assertion holds both. */
const refusalOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (isBanyanError(error)) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'accepted';
};
const refusal = (options: Readonly<Record<string, unknown>>, provider = 'consul'): string =>
  refusalOf(() => parseCaConfiguration(provider, options));
const refused = (text: string): string => `CA_CONFIG_INVALID: error configuring provider: ${text}`;

describe('the CA configuration', () => {
  it('fills in defaults for what is left out, and keeps what was written as it was written', () => {
    expect(parse({})).toMatchObject({
      leafTtlMs: 72 * HOUR,
      intermediateTtlMs: 8_760 * HOUR,
      rootTtlMs: 87_600 * HOUR,
      keySpec: { type: 'ec', bits: 256 },
      csrMaxPerSecond: 250,
      csrMaxConcurrent: 0,
      keptHiddenKey: false,
      options: {},
    });
    expect(parse({ leafcertttl: '2h' }).options).toEqual({ leafcertttl: '2h' });
  });

  it('takes keys in any case, and numbers and booleans as text', () => {
    const configuration = parse({
      leafCERTttl: '24h',
      PRIVATEKEYTYPE: 'rsa',
      privatekeybits: '4096',
      CSRMaxPerSecond: '0.5',
      csrmaxconcurrent: '3',
      SkipValidate: 'true',
    });
    expect(configuration).toMatchObject({
      leafTtlMs: 24 * HOUR,
      keySpec: { type: 'rsa', bits: 4096 },
      csrMaxPerSecond: 0.5,
      csrMaxConcurrent: 3,
    });
  });

  it('refuses an option that is given in two spellings, whichever comes last', () => {
    expect(refusal({ leafcertttl: '72h', LeafCertTTL: '24h' })).toBe(
      refused('LeafCertTTL is given twice, in different spellings'),
    );
  });

  it('takes a duration as text or as a number of nanoseconds, and no bare number as text', () => {
    expect(parse({ LeafCertTTL: 7_200_000_000_000 }).leafTtlMs).toBe(2 * HOUR);
    expect(refusal({ LeafCertTTL: '72' })).toContain('CA_CONFIG_INVALID: error configuring provider: LeafCertTTL: ');
    expect(refusal({ LeafCertTTL: true })).toBe(refused('LeafCertTTL must be a duration such as 72h'));
  });

  it.each([
    [
      { RootCertTTL: '100h', IntermediateCertTTL: '200h' },
      'root cert ttl 100h0m0s is not greater than intermediate cert ttl 200h0m0s: raise RootCertTTL',
    ],
    [
      { RootCertTTL: '8759h' },
      'root cert ttl 8759h0m0s is not greater than intermediate cert ttl 8760h0m0s: raise RootCertTTL',
    ],
    [{ LeafCertTTL: '59m59s' }, 'leaf cert TTL must be greater or equal than 1h0m0s, not 59m59s'],
    [
      { LeafCertTTL: '8761h', IntermediateCertTTL: '30000h' },
      'leaf cert TTL must be less than 8760h0m0s, not 8761h0m0s',
    ],
    [
      { LeafCertTTL: '1h', IntermediateCertTTL: '2h59m' },
      'Intermediate Cert TTL must be greater or equal than 3h, not 2h59m0s',
    ],
    [
      { IntermediateCertTTL: '200h' },
      'Intermediate Cert TTL must be greater or equal than 3 * LeafCertTTL (>=216h0m0s), not 200h0m0s',
    ],
    [
      { LeafCertTTL: '2921h' },
      'Intermediate Cert TTL must be greater or equal than 3 * LeafCertTTL (>=8763h0m0s), not 8760h0m0s',
    ],
  ])('refuses lifetimes that do not nest, defaults included: %j', (options, text) => {
    expect(refusal(options)).toBe(refused(text));
  });

  it.each([
    ['root before leaf', { RootCertTTL: '1h', LeafCertTTL: '1m' }, 'root cert ttl'],
    ['leaf before intermediate', { LeafCertTTL: '1m', IntermediateCertTTL: '1h' }, 'leaf cert TTL must be greater'],
    ['too long a leaf before 3 leaves', { LeafCertTTL: '9000h' }, 'leaf cert TTL must be less'],
    [
      '3h before 3 leaves',
      { LeafCertTTL: '1h', IntermediateCertTTL: '1h' },
      'Intermediate Cert TTL must be greater or equal than 3h',
    ],
  ])('tells the first broken rule in the order clients know: %s', (_, options, text) => {
    expect(refusal(options)).toContain(refused(text));
  });

  it.each([
    { LeafCertTTL: '1h', IntermediateCertTTL: '3h', RootCertTTL: '3h' },
    { LeafCertTTL: '8760h', IntermediateCertTTL: '26280h' },
    { RootCertTTL: '8760h' },
  ])('accepts lifetimes that just nest: %j', (options) => {
    expect(refusal(options)).toBe('accepted');
  });

  it('with SkipValidate accepts any lifetimes down to 90 s, which backdating leaves usable', () => {
    expect(refusal({ SkipValidate: true, LeafCertTTL: '90s', RootCertTTL: '2m' })).toBe('accepted');
    expect(refusal({ SkipValidate: 'true', LeafCertTTL: '89s' })).toBe(
      refused('certificate TTLs below 90s are refused, even with SkipValidate'),
    );
    expect(refusal({ SkipValidate: 'false', LeafCertTTL: '90s' })).toContain('leaf cert TTL must be greater');
    expect(refusal({ SkipValidate: 'yes' })).toBe(refused('SkipValidate must be a boolean'));
  });

  it.each([
    [{ PrivateKeyBits: 224 }, 'EC key length must be one of (256, 384, 521) bits, not 224'],
    [{ PrivateKeyType: 'ec', PrivateKeyBits: 2048 }, 'EC key length must be one of (256, 384, 521) bits, not 2048'],
    [
      { PrivateKeyType: 'rsa' },
      'RSA key length must be 2048 or 4096 bits, not 256: give PrivateKeyBits with PrivateKeyType rsa',
    ],
    [{ PrivateKeyType: 'ed25519' }, 'private key type must be either ec or rsa, not "ed25519"'],
    [{ PrivateKeyType: 7 }, 'PrivateKeyType must be a string'],
    [{ PrivateKeyBits: 'many' }, 'PrivateKeyBits must be a number between 0 and 1000000'],
    [{ CSRMaxPerSecond: -1 }, 'CSRMaxPerSecond must be a number between 0 and 1000000'],
    [{ CSRMaxConcurrent: {} }, 'CSRMaxConcurrent must be a number between 0 and 1000000'],
    [{ LeafCertTTl: '72h', Leaf: '1h' }, 'unknown option "Leaf"'],
    [{ RootCert: 'pem' }, 'RootCert and PrivateKey belong together: give both, or neither to have them generated'],
    [{ PrivateKey: 'pem' }, 'RootCert and PrivateKey belong together: give both, or neither to have them generated'],
  ])('refuses %j by name', (options, text) => {
    expect(refusal(options)).toBe(refused(text));
  });

  it('refuses a provider that is not built in', () => {
    expect(refusal({}, 'vualt')).toBe(
      'CA_PROVIDER_UNKNOWN: could not initialize provider: unknown CA provider "vualt"',
    );
  });

  it('shows a private key to nobody: what is stored and read back says that it is hidden', () => {
    const { options, ownRoot, keptHiddenKey } = parse({ rootcert: 'CERT', privatekey: 'KEY' });
    expect(options).toEqual({ rootcert: 'CERT', privatekey: HIDDEN });
    expect(ownRoot).toEqual({ certificatePem: 'CERT', privateKeyPem: 'KEY' });
    expect(keptHiddenKey).toBe(false);
    const readBack = parse(options);
    expect(readBack.ownRoot).toBeUndefined();
    expect(readBack.keptHiddenKey).toBe(true);
  });
});

describe('needsNextRoot', () => {
  const own = parse({ RootCert: 'A', PrivateKey: 'key' });
  it.each([
    ['the key type', parse({}), parse({ PrivateKeyType: 'rsa', PrivateKeyBits: 2048 }), true],
    ['the key size', parse({}), parse({ PrivateKeyBits: 384 }), true],
    ['an own root', parse({}), own, true],
    ['another own root', own, parse({ RootCert: 'B', PrivateKey: 'key' }), true],
    ['back to a generated root', own, parse({}), true],
    ['the same root with its key hidden', own, parse(own.options), false],
    ['white space around the same root', own, parse({ RootCert: 'A\n', PrivateKey: 'key' }), false],
    ['lifetimes and limits', parse({}), parse({ LeafCertTTL: '1h', RootCertTTL: '9000h', CSRMaxPerSecond: 1 }), false],
    ['a default that is written out', parse({}), parse({ PrivateKeyType: 'ec', PrivateKeyBits: 256 }), false],
  ])('looks at what makes a CA instance: %s', (_, current, next, expected) => {
    expect(needsNextRoot(current, next)).toBe(expected);
  });
});

describe('the options of another provider', () => {
  const kind: RootProviderKind = {
    name: 'vault',
    optionNames: ['Address', 'Token', 'RootPKIPath', 'AuthMethod'],
    secretNames: ['Token', 'AuthMethod.Params.secret_id'],
    identityNames: ['Address', 'RootPKIPath'],
    open: () => {
      throw new Error('parsing opens nothing');
    },
  };
  const kinds = new Map([[kind.name, kind]]);
  const parseVault = (options: Readonly<Record<string, unknown>>) => parseCaConfiguration('vault', options, kinds);

  it('are taken in any spelling beside the common ones, and kept as written', () => {
    const options = { address: 'https://vault', rootpkipath: 'root', LeafCertTTL: '2h', auth_method: { Type: 'x' } };
    const { options: stored, leafTtlMs, provider } = parseVault(options);
    expect({ stored, leafTtlMs, provider }).toEqual({ stored: options, leafTtlMs: 2 * HOUR, provider: 'vault' });
    expect(ownOptionsOf(kind.optionNames, { ...options, Token: '' })).toEqual({
      Address: 'https://vault',
      RootPKIPath: 'root',
      AuthMethod: { Type: 'x' },
    });
  });

  it.each([
    [{ Adress: 'x' }, 'unknown option "Adress"'],
    [{ RootCert: 'x' }, 'unknown option "RootCert"'],
    [{ AuthMethod: {}, auth_method: {} }, 'AuthMethod is given twice, in different spellings'],
    [{ AuthMethod: { Params: { secret_id: 'a', SecretID: 'b' } } }, 'secret_id is given twice, in different spellings'],
    [{ AuthMethod: [{ Params: { secret_id: 'a' } }] }, 'AuthMethod must be a map of names to values'],
    [{ AuthMethod: { Params: 'a' } }, 'AuthMethod.Params must be a map of names to values'],
    [{ Token: 7 }, 'Token must be a string'],
    [{ LeafCertTTL: '1m' }, 'leaf cert TTL must be greater or equal than 1h0m0s, not 1m0s'],
  ])('are refused by name: %j', (options, text) => {
    expect(refusalOf(() => parseVault(options))).toBe(refused(text));
  });

  it('never show a secret, wherever it stands, and say which were given', () => {
    const params = { role_id: 'banyan', SecretID: 's3cret' };
    const given = parseVault({ token: 't0ken', AuthMethod: { Type: 'approle', Params: params } });
    expect(given.options).toEqual({
      token: HIDDEN,
      AuthMethod: { Type: 'approle', Params: { role_id: 'banyan', SecretID: HIDDEN } },
    });
    expect(given.own).toMatchObject({ givenSecrets: ['Token', 'AuthMethod.Params.secret_id'], keptHidden: [] });
    expect(JSON.stringify(given)).not.toMatch(/t0ken|s3cret/);
    const again = parseVault(given.options);
    expect(again.own).toMatchObject({ givenSecrets: [], keptHidden: ['Token', 'AuthMethod.Params.secret_id'] });
  });

  it('get stored secrets back where the marker stands, and only there', () => {
    const stored = { Token: 't0ken', AuthMethod: { Params: { secret_id: 's3cret' } } };
    const shown = { Address: 'a', token: HIDDEN, auth_method: { params: { SecretId: HIDDEN } } };
    expect(withStoredSecrets(kind, shown, stored)).toEqual({
      Address: 'a',
      token: 't0ken',
      auth_method: { params: { SecretId: 's3cret' } },
    });
    expect(withStoredSecrets(kind, { Token: 'next' }, stored)).toEqual({ Token: 'next' });
    for (const nothing of [undefined, {}, { Token: HIDDEN }]) {
      expect(refusalOf(() => withStoredSecrets(kind, { Token: HIDDEN }, nothing))).toBe(
        refused('Token is hidden and none is stored: give the value itself'),
      );
    }
  });

  it.each([
    ['another address', { Address: 'b', RootPKIPath: 'root', Token: 'x' }, true],
    ['another mount', { Address: 'a', RootPKIPath: 'other', Token: 'x' }, true],
    ['another token', { Address: 'a', RootPKIPath: 'root', Token: 'y' }, false],
    ['another spelling', { address: 'a', root_pki_path: 'root' }, false],
    ['another key type', { Address: 'a', RootPKIPath: 'root', PrivateKeyBits: 384 }, true],
  ])('make a next root by the names the kind gives: %s', (_, options, expected) => {
    const current = parseStoredCaConfiguration('vault', { Address: 'a', RootPKIPath: 'root', Token: HIDDEN });
    expect(needsNextRoot(current, parseVault(options))).toBe(expected);
  });

  it('make a next root when the provider changes, in both directions', () => {
    expect(needsNextRoot(parse({}), parseVault({ Address: 'a' }))).toBe(true);
    expect(needsNextRoot(parseStoredCaConfiguration('vault', { Address: 'a' }), parse({}))).toBe(true);
  });

  it('need no kind once they are stored: a secondary reads what is common and passes on the rest', () => {
    const options = { Zone: 'z', Token: HIDDEN, leafcertttl: '2h' };
    const stored = parseStoredCaConfiguration('package:@acme/provider', options);
    expect(stored).toMatchObject({ provider: 'package:@acme/provider', options, leafTtlMs: 2 * HOUR });
    expect(refusalOf(() => parseStoredCaConfiguration('consul', { Zone: 'z' }))).toBe(refused('unknown option "Zone"'));
    expect(parseStoredCaConfiguration('consul', { LeafCertTTL: '2h' })).toEqual(parse({ LeafCertTTL: '2h' }));
  });
});
