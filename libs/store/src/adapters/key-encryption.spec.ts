import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BanyanError } from '@banyan/kernel';
import { afterAll, describe, expect, it } from '@jest/globals';
import { KeyEncryption } from './key-encryption.js';

const folder = mkdtempSync(join(tmpdir(), 'banyan-key-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const codeOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    return error instanceof BanyanError ? error.code : String(error);
  }
  return 'no error';
};

const one = KeyEncryption.fromKey(Buffer.alloc(32, 1));
const TEXT = 'a private key';

describe('KeyEncryption.seal and open', () => {
  it('opens what it sealed, and seals the same text differently each time', () => {
    const [first, second] = [one.seal(TEXT, 'root/1'), one.seal(TEXT, 'root/1')];
    expect(one.open(first, 'root/1').toString()).toBe(TEXT);
    expect(first).toMatch(/^v1\.[\w-]+\.[\w-]+$/);
    expect(first).not.toBe(second);
    expect(one.open(one.seal(new Uint8Array(), 'x'), 'x')).toHaveLength(0);
  });

  it('refuses another context, another key and another version with CIPHERTEXT_INVALID', () => {
    const sealed = one.seal(TEXT, 'root/1');
    expect(codeOf(() => one.open(sealed, 'root/2'))).toBe('CIPHERTEXT_INVALID');
    expect(codeOf(() => KeyEncryption.fromKey(Buffer.alloc(32, 2)).open(sealed, 'root/1'))).toBe('CIPHERTEXT_INVALID');
    expect(codeOf(() => one.open(sealed.replace('v1', 'v2'), 'root/1'))).toBe('CIPHERTEXT_INVALID');
  });

  it('refuses a change of any single character, and any cut, with CIPHERTEXT_INVALID', () => {
    const sealed = one.seal(TEXT, 'root/1');
    for (let i = 0; i < sealed.length; i += 1) {
      const changed = `${sealed.slice(0, i)}${sealed[i] === 'A' ? 'B' : 'A'}${sealed.slice(i + 1)}`;
      expect([i, codeOf(() => one.open(changed, 'root/1'))]).toEqual([i, 'CIPHERTEXT_INVALID']);
      expect([i, codeOf(() => one.open(sealed.slice(0, i), 'root/1'))]).toEqual([i, 'CIPHERTEXT_INVALID']);
    }
  });

  it('refuses a wrapped key that belongs to another value', () => {
    const [a, b] = [one.seal(TEXT, 'x').split('.'), one.seal(TEXT, 'x').split('.')];
    expect(codeOf(() => one.open(`v1.${a[1]}.${b[2]}`, 'x'))).toBe('CIPHERTEXT_INVALID');
  });

  it('does not show its key', () => {
    expect(JSON.stringify({ one })).toBe('{"one":"<hidden>"}');
  });
});

describe('KeyEncryption.load', () => {
  it('makes a missing file, parent folders included, for its owner only, and reads the same key again', () => {
    const file = join(folder, 'deep', 'er', 'kek');
    const made = KeyEncryption.load({ file, generate: true });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(folder, 'deep', 'er'))).toEqual(['kek']);
    const again = KeyEncryption.load({ file, generate: true });
    expect(again.open(made.seal(TEXT, 'x'), 'x').toString()).toBe(TEXT);
    expect(again.warnings).toEqual([]);
  });

  it('warns of a file that others can read, and takes it', () => {
    const file = join(folder, 'open');
    writeFileSync(file, Buffer.alloc(32, 1).toString('hex'));
    chmodSync(file, 0o640);
    const loaded = KeyEncryption.load({ file, generate: false });
    expect(loaded.warnings).toEqual([expect.stringContaining(file)]);
    expect(loaded.open(one.seal(TEXT, 'x'), 'x').toString()).toBe(TEXT);
  });

  it('takes 32 bytes in base64, base64url and hex', () => {
    const bytes = Buffer.alloc(32, 0xfb);
    for (const value of [bytes.toString('base64'), bytes.toString('base64url'), `${bytes.toString('hex')}\n`]) {
      expect(
        KeyEncryption.load({ value, generate: false })
          .open(KeyEncryption.fromKey(bytes).seal(TEXT, 'x'), 'x')
          .toString(),
      ).toBe(TEXT);
    }
  });

  it('refuses everything else with KEK_INVALID, and never quotes the value', () => {
    const bad = join(folder, 'bad');
    writeFileSync(bad, 'not-a-key', { mode: 0o600 });
    expect(codeOf(() => KeyEncryption.load({ file: bad, generate: true }))).toBe('KEK_INVALID');
    expect(readFileSync(bad, 'utf8')).toBe('not-a-key');
    expect(codeOf(() => KeyEncryption.load({ file: join(folder, 'missing'), generate: false }))).toBe('KEK_INVALID');
    expect(codeOf(() => KeyEncryption.load({ file: folder, generate: true }))).toBe('KEK_INVALID');
    expect(codeOf(() => KeyEncryption.load({ generate: true }))).toBe('KEK_INVALID');
    expect(codeOf(() => KeyEncryption.load({ file: bad, value: 'x', generate: false }))).toBe('KEK_INVALID');
    expect(codeOf(() => KeyEncryption.fromKey(new Uint8Array(31)))).toBe('KEK_INVALID');
    expect(() => KeyEncryption.load({ value: 'topsecretvalue', generate: false })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('topsecret') }),
    );
  });
});
