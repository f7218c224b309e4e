import { describe, expect, it } from '@jest/globals';
import { isBanyanError, SecretText } from '@banyan/kernel';
import { z } from 'zod';
import { readSettings } from './read-settings.js';
import { choice, hostPort, path, required, secret } from './setting-kinds.js';

const schema = z.object({
  BANYAN_NAME: required(),
  BANYAN_BIND: hostPort('127.0.0.1:8510'),
  BANYAN_LEVEL: choice(['info', 'warn'], 'info'),
  BANYAN_TOKEN: secret(),
  BANYAN_KEY: secret(),
  BANYAN_KEY_FILE: path(),
});

const FILES: Readonly<Record<string, string>> = { '/run/token': ' s3cret\n', '/run/key': 'k3y\n' };
const readFile = (file: string): string => {
  const text = FILES[file];
  if (text === undefined) throw new Error('ENOENT');
  return text;
};
const read = (env: Readonly<Record<string, string>>) =>
  readSettings(schema, { env: { BANYAN_NAME: 'dc1', ...env }, readFile });

const refusal = (env: Readonly<Record<string, string>>): string => {
  try {
    readSettings(schema, { env, readFile });
  } catch (error) {
    if (isBanyanError(error, 'CONFIG_INVALID')) return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
};

describe('readSettings', () => {
  it('takes the fallback for an unset and for an empty variable, into a frozen object', () => {
    const settings = read({ BANYAN_LEVEL: '' });
    expect(settings).toEqual({
      BANYAN_NAME: 'dc1',
      BANYAN_BIND: { host: '127.0.0.1', port: 8510 },
      BANYAN_LEVEL: 'info',
    });
    expect(Object.isFrozen(settings)).toBe(true);
  });

  it('reads a secret from the file that NAME_FILE names; the variable itself wins', () => {
    expect(read({ BANYAN_TOKEN_FILE: '/run/token' }).BANYAN_TOKEN?.reveal()).toBe('s3cret');
    expect(read({ BANYAN_TOKEN_FILE: '/run/token', BANYAN_TOKEN: 'other' }).BANYAN_TOKEN?.reveal()).toBe('other');
    expect(read({ BANYAN_TOKEN: 'other' }).BANYAN_TOKEN).toBeInstanceOf(SecretText);
  });

  it('leaves the file alone where NAME_FILE is a setting of its own', () => {
    const settings = read({ BANYAN_KEY_FILE: '/run/key' });
    expect([settings.BANYAN_KEY, settings.BANYAN_KEY_FILE]).toEqual([undefined, '/run/key']);
  });

  it('names every faulty setting at once, and no value', () => {
    const text = refusal({ BANYAN_BIND: 'n0where', BANYAN_LEVEL: 'l0ud' });
    expect(text).toContain('BANYAN_NAME is not set');
    expect(text).toContain('BANYAN_BIND is not of the form host:port');
    expect(text).toContain('BANYAN_LEVEL has a value that is not allowed');
    expect(text).not.toMatch(/n0where|l0ud/);
  });

  it('says which file of a secret cannot be read', () => {
    expect(refusal({ BANYAN_NAME: 'dc1', BANYAN_TOKEN_FILE: '/run/gone' })).toBe(
      'the file that BANYAN_TOKEN_FILE names cannot be read: /run/gone',
    );
  });
});
