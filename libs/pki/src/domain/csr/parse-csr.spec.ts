import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { BanyanError, type ErrorCode } from '@banyan/kernel';
import { createCsr, generateKeyPair, type KeySpec, parseCsr } from '@banyan/pki';
import { forgeCsr } from '@banyan/testkit';

const URI = 'spiffe://6f1d0c52-9a3b-4e07-8d15-2b7c9e40aa61.consul/ns/default/dc/dc1/svc/web';
const CODES: readonly ErrorCode[] = [
  'CSR_INVALID',
  'CSR_SIGNATURE_INVALID',
  'CSR_SAN_INVALID',
  'KEY_UNSUPPORTED',
  'KEY_TOO_WEAK',
  'INPUT_TOO_LARGE',
];

const codeOf = (work: () => unknown): ErrorCode | undefined => {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(BanyanError);
    return (error as BanyanError).code;
  }
  return undefined;
};

const derOf = (pem: string): Buffer => Buffer.from(pem.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64');
const openssl = (input: string | Buffer, ...args: string[]): string =>
  execFileSync('openssl', args, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] });

const keyPair = await generateKeyPair({ type: 'ec', bits: 256 });
const good = derOf(createCsr({ keyPair, uri: URI, dnsNames: ['web'], ipAddresses: ['10.0.0.1', '2001:db8::1'] }));

const spki = (key: KeyObject): Uint8Array => new Uint8Array(key.export({ type: 'spki', format: 'der' }));

const signed = (namesDer: string): Uint8Array =>
  forgeCsr({ publicKey: keyPair.publicKey, signWith: keyPair.privateKey, namesDer: Buffer.from(namesDer, 'hex') });

describe('parseCsr', () => {
  it.each<KeySpec>([
    { type: 'ec', bits: 256 },
    { type: 'ec', bits: 384 },
    { type: 'ec', bits: 521 },
    { type: 'rsa', bits: 2048 },
  ])('reads what createCsr wrote, and openssl agrees: %j', async (spec) => {
    const pair = await generateKeyPair(spec);
    const pem = createCsr({ keyPair: pair, uri: URI, ca: true, dnsNames: ['web'], ipAddresses: ['10.0.0.1', '::1'] });
    const request = parseCsr(pem);
    expect(request).toMatchObject({
      uris: [URI],
      dnsNames: ['web'],
      ipAddresses: ['10.0.0.1', '::1'],
      emails: [],
      requestsCa: true,
      keySpec: spec,
    });
    expect(request.publicKey.equals(pair.publicKey)).toBe(true);
    expect(Buffer.from(request.raw).equals(derOf(pem))).toBe(true);
    const text = openssl(pem, 'req', '-verify', '-noout', '-text');
    expect(text).toContain(`URI:${URI}, DNS:web, IP Address:10.0.0.1, IP Address:0:0:0:0:0:0:0:1`);
    expect(text).toContain('CA:TRUE');
  });

  it('reads the request of openssl, with a subject and other hashes', () => {
    for (const hash of ['-sha256', '-sha384', '-sha512']) {
      const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384', '-nodes', '-keyout', '/dev/null'];
      const names = ['-subj', '/O=x/CN=y', '-addext', `subjectAltName=URI:${URI}`];
      const pem = openssl('', 'req', '-new', ...key, hash, ...names);
      expect(parseCsr(pem).uris).toEqual([URI]);
    }
  });

  it('keeps its own copy of the bytes', () => {
    const bytes = new Uint8Array(good);
    const request = parseCsr(bytes);
    bytes.fill(0);
    expect(Buffer.from(request.raw).equals(good)).toBe(true);
    expect(request.uris).toEqual([URI]);
  });

  it('refuses any changed bit of the signed part', () => {
    for (let at = 4; at < good.length; at++) {
      const changed = new Uint8Array(good);
      changed[at]! ^= 1;
      expect(CODES).toContain(codeOf(() => parseCsr(changed)));
    }
    const changed = new Uint8Array(good);
    changed[good.indexOf('svc/web') + 4]! ^= 1;
    expect(codeOf(() => parseCsr(changed))).toBe('CSR_SIGNATURE_INVALID');
  });

  it('refuses a request that another key signed', () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const csr = forgeCsr({ publicKey: keyPair.publicKey, signWith: other.privateKey, uris: [URI] });
    expect(codeOf(() => parseCsr(csr))).toBe('CSR_SIGNATURE_INVALID');
  });

  const weak: [string, ErrorCode, () => KeyObject][] = [
    ['RSA 1024', 'KEY_TOO_WEAK', () => generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey],
    ['P-224', 'KEY_TOO_WEAK', () => generateKeyPairSync('ec', { namedCurve: 'secp224r1' }).privateKey],
    ['P-192', 'KEY_TOO_WEAK', () => generateKeyPairSync('ec', { namedCurve: 'prime192v1' }).privateKey],
    ['secp256k1', 'KEY_UNSUPPORTED', () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey],
    ['RSA 3072', 'KEY_UNSUPPORTED', () => generateKeyPairSync('rsa', { modulusLength: 3072 }).privateKey],
    [
      'RSA with exponent 3',
      'KEY_UNSUPPORTED',
      () => generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }).privateKey,
    ],
    [
      'a curve given by its numbers',
      'KEY_UNSUPPORTED',
      () => generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' }).privateKey,
    ],
  ];
  it.each(weak)('refuses %s with %s', (_name, code, makeKey) => {
    const privateKey = makeKey();
    const csr = forgeCsr({ publicKey: createPublicKey(privateKey), signWith: privateKey, uris: [URI] });
    expect(codeOf(() => parseCsr(csr))).toBe(code);
  });

  it('refuses Ed25519, a point off its curve and a compressed point with KEY_UNSUPPORTED', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const offCurve = spki(keyPair.publicKey);
    offCurve[offCurve.length - 1]! ^= 1;
    const compressed = openssl(
      keyPair.privateKey.export({ type: 'sec1', format: 'pem' }).toString(),
      'ec',
      '-pubout',
      '-conv_form',
      'compressed',
    );
    for (const key of [spki(publicKey), offCurve, derOf(compressed)]) {
      expect(codeOf(() => parseCsr(forgeCsr({ publicKey: key, signWith: keyPair.privateKey, uris: [URI] })))).toBe(
        'KEY_UNSUPPORTED',
      );
    }
    expect(privateKey.asymmetricKeyType).toBe('ed25519');
  });

  it('refuses 10 MB at once, PEM and DER, before it parses', () => {
    const started = process.hrtime.bigint();
    expect(codeOf(() => parseCsr(new Uint8Array(10_000_000)))).toBe('INPUT_TOO_LARGE');
    expect(codeOf(() => parseCsr('-----BEGIN '.repeat(1_000_000)))).toBe('INPUT_TOO_LARGE');
    expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(100);
  });

  it('refuses names of other kinds, and control characters in names', () => {
    expect(codeOf(() => parseCsr(signed('3005880353042a')))).toBe('CSR_SAN_INVALID');
    for (const namesDer of ['300582036100ff', '30058203610062', '30028600', '3000', '3005870301020a']) {
      expect(codeOf(() => parseCsr(signed(namesDer)))).toBe('CSR_INVALID');
    }
  });

  it('is refused, with a code, wherever it is truncated', () => {
    for (let length = 0; length < good.length; length++) {
      expect(codeOf(() => parseCsr(good.subarray(0, length)))).toBe('CSR_INVALID');
    }
  });

  it('refuses what is BER but not DER', () => {
    const hex = good.toString('hex');
    expect(hex.startsWith('3082')).toBe(true);
    const indefinite = `3080${hex.slice(8)}0000`;
    const longer = `308300${hex.slice(4)}`;
    for (const ber of [indefinite, longer, `${hex}00`, `${hex}${hex}`]) {
      expect(codeOf(() => parseCsr(Buffer.from(ber, 'hex')))).toBe('CSR_INVALID');
    }
  });

  it('answers arbitrary damage with a code and nothing else', () => {
    const damage = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(damage, (changes) => {
        const bytes = new Uint8Array(good);
        for (const [at, value] of changes) bytes[at] = value;
        const code = codeOf(() => parseCsr(bytes));
        if (Buffer.compare(bytes, good) === 0) expect(code).toBeUndefined();
        else if (code !== undefined) expect(CODES).toContain(code);
        // An ECDSA signature may be changed into another valid one only by whoever knows the key.
        else expect(Buffer.compare(bytes.subarray(0, 60), good.subarray(0, 60))).toBe(0);
      }),
      { numRuns: 1500 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) =>
        expect(codeOf(() => parseCsr(bytes))).toBe('CSR_INVALID'),
      ),
    );
    fc.assert(fc.property(fc.string(), (text) => expect(codeOf(() => parseCsr(text))).toBe('CSR_INVALID')));
  });
});

describe('createCsr', () => {
  it.each([
    { uri: '' },
    { uri: 'spiffe://a b' },
    { uri: URI, dnsNames: ['a\0b'] },
    { uri: URI, ipAddresses: ['256.0.0.1'] },
    { uri: URI, ipAddresses: ['::1::'] },
    { uri: URI, ipAddresses: ['1.2.3'] },
  ])('refuses %j with CSR_SAN_INVALID', (names) => {
    expect(codeOf(() => createCsr({ keyPair, ...names }))).toBe('CSR_SAN_INVALID');
  });

  it('carries every IP address through, in its canonical text', () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const [found] = parseCsr(createCsr({ keyPair, uri: URI, ipAddresses: [address] })).ipAddresses;
        const groups = new URL(`http://[${address}]/`).hostname.slice(1, -1);
        expect(found).toBe(groups);
      }),
      { numRuns: 100 },
    );
  });
});
