import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from '@jest/globals';
import { parseCaConfiguration } from '@banyan/ca';
import { type BanyanError, HOUR, isBanyanError, SystemRandom } from '@banyan/kernel';
import { loadPackageKind, type ProviderSubject, rootProviderContract } from '../src/index.js';
import { calm, holding, surroundings } from './edges.js';

const here = dirname(fileURLToPath(import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'banyan-packages-'));
const folder = (name: string): string => join(root, 'node_modules', name);
afterAll(() => rmSync(root, { recursive: true, force: true }));

// As npm would install it.
cpSync(join(here, 'packages', 'banyan-file-keys'), folder('banyan-file-keys'), { recursive: true });

/** Installs a package with one file. */
const install = (
  name: string,
  source: string,
  manifest: object = { exports: { '.': { import: './index.mjs' } } },
): void => {
  mkdirSync(folder(name), { recursive: true });
  writeFileSync(join(folder(name), 'package.json'), JSON.stringify({ name, version: '0.0.1', ...manifest }));
  writeFileSync(join(folder(name), 'index.mjs'), source);
};
const load = async (name: string) => loadPackageKind(name, surroundings(), [join(root, 'server', 'deep')]);
const failure = async (work: Promise<unknown>): Promise<BanyanError> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (isBanyanError(error)) return error;
  throw new Error('a coded error was expected', { cause: error });
};
const kindText = (open: string): string =>
  `export default () => ({ optionNames: ['Secret'], secretNames: ['Secret'], identityNames: [], open: ${open} });`;
const request = () => ({
  rotationId: new SystemRandom().uuid(),
  trustDomain: '6f1d0c52-9a3b-4e07-8d15-2b7c9e40aa61.consul',
  commonName: 'pri-a.banyan',
  keySpec: { type: 'ec', bits: 256 } as const,
  lifetimeMs: 48 * HOUR,
  now: surroundings().clock.now(),
});

const subject = async (): Promise<ProviderSubject> => ({
  kind: await load('banyan-file-keys'),
  options: { Directory: mkdtempSync(join(root, 'keys-')), Passphrase: 'correct horse' },
  now: () => surroundings().clock.now(),
  random: new SystemRandom(),
  abilities: {
    makesRoots: true,
    crossSigns: true,
    finds: true,
    destroys: true,
    keySpecs: [
      { type: 'ec', bits: 256 },
      { type: 'ec', bits: 521 },
      { type: 'rsa', bits: 2048 },
    ],
  },
});

describe('the contract of providers, kept by a package', () => {
  for (const { name, run } of rootProviderContract(subject)) it(name, run, 30_000);
});

describe('a provider package', () => {
  it('is a provider of the configuration like any other', async () => {
    const kind = await load('banyan-file-keys');
    expect(kind.name).toBe('package:banyan-file-keys');
    const kinds = new Map([[kind.name, kind]]);
    const { options } = parseCaConfiguration(kind.name, { directory: '/keys', Passphrase: 'x' }, kinds);
    expect(options).toEqual({ directory: '/keys', Passphrase: '<hidden>' });
    const { clock, random } = surroundings();
    const own = { Directory: mkdtempSync(join(root, 'keys-')), Passphrase: 'x', LeafCertTTL: '2h' };
    const asked = { ...request(), now: clock.now(), random };
    const steps = await kind.preflight!(own, asked, calm());
    expect(steps.map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);
  });

  it.each([
    ['@acme/absent', undefined, '@acme/absent is not installed: install it beside banyan'],
    ['../evil', undefined, '"../evil" is not the name of a package'],
    ['node:fs', undefined, '"node:fs" is not the name of a package'],
    ['@acme/syntax', 'export default (', '@acme/syntax cannot be loaded'],
    ['@acme/no-factory', 'export const x = 1;', '@acme/no-factory has no function as its default export'],
    [
      '@acme/throws',
      'export default () => { throw new Error("not today"); };',
      '@acme/throws throws as it is set up: not today',
    ],
    [
      '@acme/nothing',
      'export default () => undefined;',
      '@acme/nothing does not describe a provider: no object was returned',
    ],
    [
      '@acme/no-open',
      'export default () => ({ optionNames: [], secretNames: [], identityNames: [] });',
      '@acme/no-open does not describe a provider: open',
    ],
    [
      '@acme/greedy',
      kindText('() => ({})').replaceAll("'Secret'", "'LeafCertTTL'"),
      '@acme/greedy takes the name of the common option LeafCertTTL',
    ],
  ])('that is unusable is named as the server starts: %s', async (name, source, text) => {
    if (source !== undefined) install(name, source);
    expect(await failure(load(name))).toMatchObject({ code: 'CA_PROVIDER_UNKNOWN', message: holding(text) });
  });

  it('is found by main where it has no exports', async () => {
    install('@acme/by-main', kindText('() => ({})'), { main: 'index.mjs' });
    expect((await load('@acme/by-main')).optionNames).toEqual(['Secret']);
  });

  it('refuses options in its own words where they have a code, and else without them', async () => {
    const kind = await load('banyan-file-keys');
    const named = await failure((async () => kind.open({ Passphrase: 'x' }))());
    expect(named).toMatchObject({ code: 'CA_CONFIG_INVALID', message: 'Directory is missing' });
    install('@acme/rude', kindText('({ Secret }) => { throw new Error(`${Secret} is a silly secret`); }'));
    const rude = await failure((async () => (await load('@acme/rude')).open({ secret: 'hunter2' }))());
    expect(rude).toMatchObject({
      code: 'CA_CONFIG_INVALID',
      message: holding('the package @acme/rude refuses its options'),
    });
    expect(rude.message).not.toContain('hunter2');
    install('@acme/empty', kindText('() => ({})'));
    const empty = await failure((async () => (await load('@acme/empty')).open({}))());
    expect(empty).toMatchObject({ code: 'CA_PROVIDER_UNKNOWN', message: holding('has not the five methods') });
  });

  const provider = (provide: string): string =>
    kindText(
      `({ Secret }) => ({ provide: ${provide}, signIntermediate() {}, crossSign() {}, inspect() {}, destroy() {} })`,
    );

  it('gets a code on what it throws, and its secrets out of it', async () => {
    install('@acme/leaks', provider('async () => { throw new Error(`login with ${Secret} failed`); }'));
    const opened = (await load('@acme/leaks')).open({ Secret: 'hunter2' });
    expect(await failure(opened.provide(request(), calm()))).toMatchObject({
      code: 'PROVIDER_UNREACHABLE',
      message: 'the CA provider package @acme/leaks failed: login with <hidden> failed',
    });
  });

  it.each([
    ['nothing', 'async () => undefined', 'answered something else than the port asks for'],
    ['no-cert', "async () => ({ certificatePem: 'x', keyReference: 'k' })", 'the provider answered no certificate'],
  ])('is not believed when it answers %s', async (name, provide, text) => {
    install(`@acme/${name}-answer`, provider(provide));
    const opened = (await load(`@acme/${name}-answer`)).open({});
    expect(await failure(opened.provide(request(), calm()))).toMatchObject({
      code: 'PROVIDER_REFUSED',
      message: holding(text),
    });
  });

  it('that never answers does not hold its caller', async () => {
    install('@acme/hangs', provider('() => new Promise(() => {})'));
    const opened = (await load('@acme/hangs')).open({});
    const stop = new AbortController();
    const work = failure(opened.provide(request(), stop.signal));
    stop.abort();
    expect(await work).toMatchObject({ code: 'ABORTED' });
  });
});
