import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isBanyanError } from '@banyan/kernel';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createProgram } from '../program.js';

const here = dirname(fileURLToPath(import.meta.url));
const example = join(here, '../../../../libs/ca-providers/test/packages/banyan-file-keys');
const root = mkdtempSync(join(tmpdir(), 'banyan-check-'));
const keys = join(root, 'keys');
const options = join(root, 'options.json');
let printed = '';

beforeAll(() => {
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  cpSync(example, join(root, 'node_modules', 'banyan-file-keys'), { recursive: true });
  writeFileSync(options, JSON.stringify({ Directory: keys, Passphrase: 'correct horse' }));
  jest.spyOn(process, 'cwd').mockReturnValue(root);
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});
afterEach(() => {
  printed = '';
});
afterAll(() => {
  jest.restoreAllMocks();
  rmSync(root, { recursive: true });
});

const run = async (...words: string[]): Promise<string> => {
  try {
    await createProgram().parseAsync(['ca', 'provider-check', ...words], { from: 'user' });
  } catch (error) {
    if (isBanyanError(error)) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'done';
};

describe('banyan ca provider-check', () => {
  it('prints each check of a package that keeps the contract, and leaves nothing behind', async () => {
    expect(await run('banyan-file-keys', '--options', options, '--key', 'ec256', '--key', 'rsa2048')).toBe('done');
    const lines = printed.trim().split('\n');
    expect(lines.filter((line) => line.startsWith('ok    '))).toHaveLength(11);
    expect(lines.at(-1)).toBe('11 passed, 0 failed');
    expect(readdirSync(keys)).toEqual([]);
  });

  it('prints what does not hold, fails, and leaves nothing behind', async () => {
    expect(await run('banyan-file-keys', '--options', options, '--no-cross-sign')).toBe(
      'PROVIDER_REFUSED: banyan-file-keys does not keep the contract of CA providers',
    );
    expect(printed).toContain(
      'FAIL  vouches for the next root, or says that it cannot\n      a provider that cannot cross-sign was not refused',
    );
    expect(printed).toContain('10 passed, 1 failed');
    expect(readdirSync(keys)).toEqual([]);
  });

  it.each([
    [
      'a package that is not there',
      ['@acme/absent', '--options', options],
      'CA_PROVIDER_UNKNOWN: the CA provider package @acme/absent is not installed',
    ],
    [
      'a key kind that does not exist',
      ['banyan-file-keys', '--options', options, '--key', 'dsa'],
      'CONFIG_INVALID: --key is one of ec256',
    ],
    [
      'a file that is not there',
      ['banyan-file-keys', '--options', '/none'],
      'CONFIG_INVALID: --options cannot be read',
    ],
  ])('refuses %s', async (_, words, text) => {
    expect(await run(...words)).toContain(text);
  });

  it('shows nothing of a file that is no JSON: it may hold secrets', async () => {
    const file = join(root, 'broken.json');
    writeFileSync(file, '{"Token": hvs.secret');
    const refusal = await run('banyan-file-keys', '--options', file);
    expect(refusal).toBe('CONFIG_INVALID: --options cannot be read: it is no JSON');
  });
});
