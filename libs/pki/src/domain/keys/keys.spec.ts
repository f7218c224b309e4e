import { execFileSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { BanyanError, messageOf } from '@banyan/kernel';
import {
  exportPrivateKeyPem,
  generateKeyPair,
  importPrivateKeyPem,
  type KeySpec,
  LocalSigner,
  parseKeySpec,
} from '@banyan/pki';

const failureOf = (work: () => unknown): { code: string; text: string } | undefined => {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(BanyanError);
    const { code, stack, cause } = error as BanyanError;
    return { code, text: `${messageOf(error)}${stack}${String(cause)}` };
  }
  return undefined;
};

const openssl = (input: string, ...args: string[]): string =>
  execFileSync('openssl', args, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] });

describe('parseKeySpec', () => {
  it('knows five specs', () => {
    for (const bits of [256, 384, 521]) expect(parseKeySpec('ec', bits)).toEqual({ type: 'ec', bits });
    for (const bits of [2048, 4096]) expect(parseKeySpec('rsa', bits)).toEqual({ type: 'rsa', bits });
  });

  it.each([
    ['ec', 224],
    ['rsa', 1024],
    ['rsa', 3072],
    ['ed25519', 256],
    ['', 0],
    ['EC', 256],
    ['__proto__', 1],
  ])('refuses %s %d', (type, bits) => expect(failureOf(() => parseKeySpec(type, bits))?.code).toBe('KEY_UNSUPPORTED'));
});

describe('private keys', () => {
  it.each<[KeySpec, string]>([
    [{ type: 'ec', bits: 256 }, 'EC PRIVATE KEY'],
    [{ type: 'ec', bits: 384 }, 'EC PRIVATE KEY'],
    [{ type: 'ec', bits: 521 }, 'EC PRIVATE KEY'],
    [{ type: 'rsa', bits: 2048 }, 'RSA PRIVATE KEY'],
  ])('%j: made, written in the traditional form, and read again', async (spec, label) => {
    const pair = await generateKeyPair(spec);
    const pem = exportPrivateKeyPem(pair.privateKey);
    expect(pem.startsWith(`-----BEGIN ${label}-----\n`) && pem.endsWith(`-----END ${label}-----\n`)).toBe(true);
    expect(openssl(pem, 'pkey', '-check', '-noout')).toContain('Key is valid');
    const again = importPrivateKeyPem(pem);
    expect(again.spec).toEqual(spec);
    expect(again.publicKey.equals(pair.publicKey)).toBe(true);
    const pkcs8 = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(importPrivateKeyPem(pkcs8).publicKey.equals(pair.publicKey)).toBe(true);
    expect(new LocalSigner(again.privateKey).spec).toEqual(spec);
  });

  it('reads what openssl ecparam writes, curve block first', () => {
    const pem = openssl('', 'ecparam', '-name', 'prime256v1', '-genkey');
    expect(pem).toContain('BEGIN EC PARAMETERS');
    expect(importPrivateKeyPem(pem).spec).toEqual({ type: 'ec', bits: 256 });
  });

  it('refuses weak and other keys', () => {
    const pkcs8 = { type: 'pkcs8', format: 'pem' } as const;
    const weak = [
      generateKeyPairSync('rsa', { modulusLength: 1024 }),
      generateKeyPairSync('ec', { namedCurve: 'secp224r1' }),
    ];
    for (const { privateKey } of weak) {
      expect(failureOf(() => importPrivateKeyPem(privateKey.export(pkcs8).toString()))?.code).toBe('KEY_TOO_WEAK');
      expect(failureOf(() => new LocalSigner(privateKey))?.code).toBe('KEY_TOO_WEAK');
    }
    const other = generateKeyPairSync('ed25519').privateKey.export(pkcs8).toString();
    expect(failureOf(() => importPrivateKeyPem(other))?.code).toBe('KEY_UNSUPPORTED');
  });

  it('refuses a private key beside the public key of another', async () => {
    const [one, other] = [
      await generateKeyPair({ type: 'ec', bits: 256 }),
      await generateKeyPair({ type: 'ec', bits: 256 }),
    ];
    const der = one.privateKey.export({ type: 'sec1', format: 'der' });
    const point = (key: typeof one) => key.publicKey.export({ type: 'spki', format: 'der' }).subarray(-65);
    const at = der.indexOf(point(one));
    expect(at).toBeGreaterThan(0);
    point(other).copy(der, at);
    const pem = `-----BEGIN EC PRIVATE KEY-----\n${der.toString('base64')}\n-----END EC PRIVATE KEY-----\n`;
    expect(failureOf(() => importPrivateKeyPem(pem))?.code).toBe('KEY_MISMATCH');
  });

  it('never repeats key text in an error', async () => {
    const { privateKey } = await generateKeyPair({ type: 'ec', bits: 256 });
    const pem = exportPrivateKeyPem(privateKey);
    const lines = pem.split('\n').slice(1, -2);
    const encrypted = privateKey
      .export({ type: 'sec1', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'secret' })
      .toString();
    const broken = [
      '',
      pem.slice(0, -12),
      pem + pem,
      pem.replaceAll('EC PRIVATE', 'RSA PRIVATE'),
      pem.replaceAll('EC PRIVATE KEY', 'CERTIFICATE'),
      pem.replace(lines[0]!, lines[0]!.slice(4)),
      pem.replace(lines[0]!, `!${lines[0]!.slice(1)}`),
      encrypted,
      createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString(),
    ];
    for (const text of broken) {
      const failure = failureOf(() => importPrivateKeyPem(text));
      expect(failure?.code).toBe('PEM_INVALID');
      for (const line of lines) expect(failure?.text).not.toContain(line.slice(8, 24));
    }
    expect(failureOf(() => importPrivateKeyPem('x'.repeat(70_000)))?.code).toBe('INPUT_TOO_LARGE');
  });
});
