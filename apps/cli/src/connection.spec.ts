import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isBanyanError } from '@banyan/kernel';
import { afterAll, describe, expect, it } from '@jest/globals';
import { connectionFrom } from './connection.js';

const folder = mkdtempSync(join(tmpdir(), 'banyan-connection-'));
const tokenFile = join(folder, 'a.token');
writeFileSync(tokenFile, 'from-file\n');
writeFileSync(join(folder, 'empty.token'), '\n');
afterAll(() => rmSync(folder, { recursive: true }));

describe('connectionFrom', () => {
  it('falls back to the local agent without a token', () =>
    expect(connectionFrom({}, {})).toEqual({ address: 'http://127.0.0.1:8500', token: undefined, tls: {} }));

  it.each([
    [{ httpAddr: 'h:1' }, { BANYAN_HTTP_ADDR: 'h:2', CONSUL_HTTP_ADDR: 'h:3' }, 'http://h:1'],
    [{}, { BANYAN_HTTP_ADDR: 'h:2', CONSUL_HTTP_ADDR: 'h:3' }, 'http://h:2'],
    [{}, { CONSUL_HTTP_ADDR: 'h:3' }, 'http://h:3'],
    [{}, { CONSUL_HTTP_ADDR: 'h:3', CONSUL_HTTP_SSL: 'true' }, 'https://h:3'],
    [{}, { BANYAN_HTTP_ADDR: 'unix:///run/agent.sock' }, 'unix:///run/agent.sock'],
  ])('takes the address of %j and %j', (options, env, expected) =>
    expect(connectionFrom(options, env).address).toBe(expected),
  );

  it.each([
    [{ token: 'option' }, { BANYAN_HTTP_TOKEN: 'banyan' }, 'option'],
    [{ tokenFile }, { BANYAN_HTTP_TOKEN: 'banyan' }, 'from-file'],
    [{}, { BANYAN_HTTP_TOKEN: 'banyan', CONSUL_HTTP_TOKEN: 'consul' }, 'banyan'],
    [{}, { BANYAN_HTTP_TOKEN_FILE: tokenFile, CONSUL_HTTP_TOKEN: 'consul' }, 'from-file'],
    [{}, { CONSUL_HTTP_TOKEN: 'consul' }, 'consul'],
    [{}, { BANYAN_HTTP_TOKEN: '', CONSUL_HTTP_TOKEN: 'consul' }, 'consul'],
  ])('takes the token of %j and %j', (options, env, expected) =>
    expect(connectionFrom(options, env).token?.reveal()).toBe(expected),
  );

  it.each(['missing.token', 'empty.token'])('refuses %s with the setting in the message', (name) => {
    try {
      connectionFrom({}, { BANYAN_HTTP_TOKEN_FILE: join(folder, name) });
      throw new Error('was accepted');
    } catch (error) {
      expect(isBanyanError(error, 'CONFIG_INVALID')).toBe(true);
      expect(String(error)).toContain('BANYAN_HTTP_TOKEN_FILE');
    }
  });
});
