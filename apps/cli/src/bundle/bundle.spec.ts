import { execFileSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { Bundle } from './bundle.js';
import { keepFields } from './keep-fields.js';
import { keepLogLine } from './keep-log.js';
import { Scrubber } from './scrubber.js';
import { readEnvironmentFile, settingsText, viewSettings } from './settings-view.js';

const folder = mkdtempSync(join(tmpdir(), 'banyan-bundle-'));
afterAll(() => rmSync(folder, { recursive: true }));

const scrubber = (...secrets: string[]): Scrubber => new Scrubber({ secrets, salt: randomBytes(32) });

const KEY = '-----BEGIN PRIVATE KEY-----\nMIGHAgEA\n-----END PRIVATE KEY-----\n';
const CERTIFICATE = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';

describe('a bundle', () => {
  it('is what tar reads: names, contents of any length, mode 600', () => {
    const bundle = new Bundle('folder');
    bundle.addJson('one', { a: 1 });
    bundle.addText('two/empty', '');
    bundle.addText('two/full', 'x'.repeat(1_024));
    writeFileSync(join(folder, 'b.tar.gz'), bundle.packed(1_700_000_000_000));
    const list = execFileSync('tar', ['-tvzf', 'b.tar.gz'], { cwd: folder, encoding: 'utf8', env: { TZ: 'UTC' } });
    expect(list.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^-rw------- .* 13 2023-11-14 22:13 folder\/one\.json$/),
      expect.stringMatching(/^-rw------- .* 0 2023-11-14 22:13 folder\/two\/empty$/),
      expect.stringMatching(/^-rw------- .* 1024 2023-11-14 22:13 folder\/two\/full$/),
    ]);
    execFileSync('tar', ['-xzf', 'b.tar.gz'], { cwd: folder });
    expect(readFileSync(join(folder, 'folder/one.json'), 'utf8')).toBe('{\n  "a": 1\n}\n');
  });

  it('refuses a name that a header cannot hold', () => {
    const bundle = new Bundle('x'.repeat(100));
    bundle.addText('y', '');
    expect(() => bundle.packed(0)).toThrow(
      expect.objectContaining({ name: 'BanyanError', code: 'INTERNAL' }) as unknown as Error,
    );
  });
});

describe('keepFields', () => {
  it('keeps numbers, switches, moments, spans and the texts of known names', () => {
    const value = {
      Datacenters: [
        { Name: 'dc2', State: 'READY', LagSeconds: 0.5, Alive: true, ReportedAt: '2031-01-31T12:00:00.000Z' },
      ],
      Config: { LeafCertTTL: '72h', RootPKIPath: 'pki/root' },
      StartedAt: { prepare: '2031-01-31T12:00:00Z' },
      Gates: { verify: { Met: false, Blockers: [{ Node: 'n1', Reason: 'offline' }] } },
    };
    expect(keepFields(value, scrubber())).toEqual({
      ...value,
      Config: { LeafCertTTL: '72h', RootPKIPath: '<8 characters>' },
    });
  });

  it.each([
    ['a field that is not named', { SecretID: 'hunter2hunter2' }, { SecretID: '<14 characters>' }],
    ['a kept name inside a part that is not', { Meta: { Name: 'hunter2' } }, { Meta: { Name: '<7 characters>' } }],
    [
      'a list of a field that is not named',
      { Args: ['-p', 'hunter2'] },
      { Args: ['<2 characters>', '<7 characters>'] },
    ],
    ['a text where a part is meant', { Token: 'hunter2' }, { Token: '<7 characters>' }],
    [
      'a key under the name of a certificate',
      { PEM: `${CERTIFICATE}${KEY}` },
      { PEM: expect.stringMatching(/^<\d+ characters>$/) },
    ],
    ['a long text under a short name', { Name: 'x'.repeat(600) }, { Name: '<600 characters>' }],
  ])('leaves out %s', (_what, given, expected) => expect(keepFields(given, scrubber())).toEqual(expected));

  it('keeps certificates as they are', () => {
    expect(keepFields({ PEM: CERTIFICATE, Roots: [{ RootCert: CERTIFICATE }] }, scrubber())).toEqual({
      PEM: CERTIFICATE,
      Roots: [{ RootCert: CERTIFICATE }],
    });
  });
});

describe('a scrubber', () => {
  it.each([
    ['postgres://banyan:pass@db:5432/x', 'postgres://<hidden>@db:5432/x'],
    ['Authorization: Bearer abcdefgh1', 'Authorization: <hidden> <hidden>'],
    ['token=abc, next', 'token=<hidden>, next'],
    ['{"password": "abc"}', '{"password": "<hidden>"}'],
    ['hvs.CAESIJ1234567890abcdefgh', '<hidden>'],
    ['AKIAIOSFODNN7EXAMPLE', '<hidden>'],
    [`before ${KEY} after`, 'before <private key>\n after'],
    ['half a key -----BEGIN EC PRIVATE KEY-----\nMIG', 'half a key <private key>'],
    ['token created for web', 'token created for web'],
  ])('makes of %j %j', (given, expected) => expect(scrubber().text(given)).toBe(expected));

  it('hides what it knows to be secret, the longer one first', () => {
    expect(scrubber('secret-1', 'secret-1-and-more').text('a secret-1-and-more, a secret-1')).toBe(
      'a <hidden>, a <hidden>',
    );
  });

  it('hides UUIDs that are no public names, and lets one see which are the same', () => {
    const [accessor, secret] = [randomUUID(), randomUUID()];
    const one = scrubber();
    keepFields({ AccessorID: accessor, SecretID: secret }, one);
    const text = one.text(`${accessor} ${secret} ${secret.toUpperCase()}`);
    const [kept, first, again] = /^(\S+) (<uuid \w{8}>) (<uuid \w{8}>)$/.exec(text)!.slice(1);
    expect([kept, again]).toEqual([accessor, first]);
    expect(scrubber().text(secret)).not.toBe(first);
  });
});

describe('a log line', () => {
  it('of a record keeps its known fields', () => {
    const line = JSON.stringify({
      level: 'warn',
      time: 5,
      msg: 'leaf refused',
      reason: { code: 'TIMEOUT', message: 'late' },
      body: 'x',
    });
    expect(JSON.parse(keepLogLine(line, scrubber()))).toEqual({
      level: 'warn',
      time: 5,
      msg: 'leaf refused',
      reason: { code: 'TIMEOUT', message: 'late' },
      body: '<1 characters>',
    });
  });

  it('of no record loses opaque words, and keeps what explains', () => {
    const stack = '    at processTicksAndRejections (node:internal/process/task_queues:105:5)';
    expect(keepLogLine(stack, scrubber())).toBe(stack);
    expect(keepLogLine('using Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5', scrubber())).toBe('using <28 characters>');
  });
});

describe('settings', () => {
  it('are shown when they are declared and no secret; of all others it is told that they are set', async () => {
    const file = join(folder, 'x.token');
    writeFileSync(file, 'the-token-in-a-file\n');
    const view = await viewSettings(
      {
        BANYAN_DATACENTER: 'dc1',
        BANYAN_DATABASE_URL: 'postgres://u:p%2Bssword@db/x',
        BANYAN_REPLICATION_TOKEN_FILE: file,
        BANYAN_OF_TOMORROW: 'who knows',
        CONSUL_HTTP_TOKEN: 'token-of-the-caller',
        BANYAN_EMPTY: '',
        HOME: '/root',
      },
      new Set(['BANYAN_DATACENTER', 'BANYAN_REPLICATION_TOKEN_FILE']),
    );
    expect(view.shown).toEqual({
      BANYAN_DATACENTER: 'dc1',
      BANYAN_DATABASE_URL: '<set>',
      BANYAN_REPLICATION_TOKEN_FILE: file,
      BANYAN_OF_TOMORROW: '<set>',
      CONSUL_HTTP_TOKEN: '<set>',
    });
    expect(view.secrets).toEqual(
      expect.arrayContaining(['the-token-in-a-file', 'token-of-the-caller', 'who knows', 'p+ssword', 'p%2Bssword']),
    );
    expect(settingsText({ shown: { B: 'x', A: 'dc1' }, secrets: [] }, scrubber())).toBe('A=dc1\nB=x\n');
  });

  it('are read from a file of systemd or docker', async () => {
    const path = join(folder, 'server.env');
    writeFileSync(path, '# comment\nBANYAN_A=1\nexport BANYAN_B="two words"\nnonsense\n');
    expect(await readEnvironmentFile(path)).toEqual({ BANYAN_A: '1', BANYAN_B: 'two words' });
    await expect(readEnvironmentFile(join(folder, 'none'))).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
