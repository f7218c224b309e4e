import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { httpTls, listening, readAnchor } from '@banyan/boot';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'banyan-boot-'));
  writeFileSync(join(folder, 'pin'), '  ab:cd\n');
  writeFileSync(join(folder, 'ca.pem'), '-----BEGIN CERTIFICATE-----\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the trust anchor', () => {
  it('is the pin, else the file with the pin, else the file with the roots', () => {
    const files = { BANYAN_ROOT_FINGERPRINT_FILE: join(folder, 'pin'), BANYAN_CA_FILE: join(folder, 'ca.pem') };
    expect(readAnchor({ BANYAN_ROOT_FINGERPRINT: 'ef', ...files })).toEqual({ pin: 'ef' });
    expect(readAnchor(files)).toEqual({ pin: 'ab:cd' });
    expect(readAnchor({ BANYAN_CA_FILE: files.BANYAN_CA_FILE })).toEqual({ caPem: '-----BEGIN CERTIFICATE-----' });
  });

  it('is never guessed: without a setting, and without the file that one names', () => {
    expect(() => readAnchor({})).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
    expect(() => readAnchor({ BANYAN_ROOT_FINGERPRINT_FILE: join(folder, 'none') })).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('BANYAN_ROOT_FINGERPRINT_FILE'),
      }),
    );
  });
});

describe('the HTTP edge', () => {
  it.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('speaks plain HTTP on %s', (host) => {
    expect(bindTo(host)).toBeUndefined();
  });

  it.each(['0.0.0.0', '::', '10.0.0.5', '127.0.0.1.example.com', 'localhost.example.com', '1127.0.0.1'])(
    'speaks no plain HTTP on %s unless that is said by name',
    (host) => {
      expect(() => bindTo(host)).toThrow(
        expect.objectContaining({
          code: 'CONFIG_INVALID',
          message: expect.stringContaining('BANYAN_HTTP_ALLOW_PLAIN_BIND=true'),
        }),
      );
      expect(bindTo(host, { BANYAN_HTTP_ALLOW_PLAIN_BIND: true })).toBeUndefined();
    },
  );

  it('speaks TLS anywhere with certificate and key, and does not start with one of them', () => {
    const certificate = { BANYAN_HTTP_TLS_CERT_FILE: join(folder, 'ca.pem') };
    const key = { BANYAN_HTTP_TLS_KEY_FILE: join(folder, 'pin') };
    const tls = bindTo('0.0.0.0', { ...certificate, ...key });
    expect([tls?.certPem, tls?.keyPem.reveal()]).toEqual(['-----BEGIN CERTIFICATE-----', 'ab:cd']);
    for (const half of [certificate, key]) {
      expect(() => bindTo('127.0.0.1', half)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
    }
  });
});

describe('listening', () => {
  const open = (port: number): Promise<number> =>
    new Promise((resolve, reject) => {
      const server = createServer();
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        const { port: bound } = server.address() as AddressInfo;
        closing.push(() => server.close());
        resolve(bound);
      });
    });
  const closing: (() => void)[] = [];
  afterAll(() => {
    for (const close of closing) close();
  });

  it('names the setting of a port that is taken', async () => {
    const port = await open(0);
    await expect(listening('BANYAN_HTTP_BIND', `127.0.0.1:${port}`, () => open(port))).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: `the address 127.0.0.1:${port} is in use by another process: stop it or change BANYAN_HTTP_BIND`,
    });
  });

  it('leaves every other failure as it is', async () => {
    const failure = new Error('no such address');
    await expect(listening('X', 'a:1', () => Promise.reject(failure))).rejects.toBe(failure);
    await expect(listening('X', 'a:1', () => Promise.resolve())).resolves.toBeUndefined();
  });
});

const bindTo = (host: string, more: object = {}) =>
  httpTls({ BANYAN_HTTP_BIND: { host, port: 8500 }, BANYAN_HTTP_ALLOW_PLAIN_BIND: false, ...more });
