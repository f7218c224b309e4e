import { describe, expect, it } from '@jest/globals';
import { ERROR_CODES } from '@banyan/kernel';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOnly } from './code-text.js';
import { foldersIn, isTestCode, repositoryRoot, sourceFiles } from './source-files.js';

const LONG = 300;
const TOO_LONG = 500;

describe('files', () => {
  it(`have fewer than ${TOO_LONG} lines`, () => {
    const lengths = sourceFiles(['libs', 'apps', 'test', 'bin', 'scripts'], ['.ts', '.tsx', '.mjs'])
      .map(({ path, text }) => ({ path, lines: text.split('\n').length }))
      .filter(({ lines }) => lines > LONG);
    if (lengths.length > 0) {
      console.warn(`longer than ${LONG} lines:\n${lengths.map(({ path, lines }) => `${lines} ${path}`).join('\n')}`);
    }
    expect(lengths.filter(({ lines }) => lines >= TOO_LONG)).toEqual([]);
  });
});

describe('rooms', () => {
  it('have a README and one public file', () => {
    const wanted = foldersIn('libs').flatMap((room) => [`libs/${room}/README.md`, `libs/${room}/src/index.ts`]);
    expect(wanted.filter((path) => !existsSync(join(repositoryRoot, path)))).toEqual([]);
  });

  it('are the libraries of nest-cli.json', () => {
    const {
      projects,
    }: { readonly projects: Readonly<Record<string, { readonly type: string; readonly root: string }>> } = JSON.parse(
      readFileSync(join(repositoryRoot, 'nest-cli.json'), 'utf8'),
    );
    const roots = Object.values(projects).map(({ root }) => root);
    expect(foldersIn('libs').filter((room) => !roots.includes(`libs/${room}`))).toEqual([]);
    // The dashboard is a page in a browser: Vite builds it.
    const unlisted = foldersIn('apps').filter((app) => app !== 'dashboard' && !roots.includes(`apps/${app}`));
    expect(unlisted).toEqual([]);
  });

  // The kernel's adapters are the only clock and dice of the product; testkit drives real sockets and may wait.
  it('take time and chance as arguments', () => {
    const forbidden =
      /\bDate\.now\s*\(|\bnew Date\s*\(\s*\)|\bMath\.random\s*\(|(?<![.\w])set(?:Timeout|Interval)\s*\(/g;
    const faults = sourceFiles(['libs'])
      .filter(({ path }) => !isTestCode(path) && !/^libs\/(kernel\/src\/adapters|testkit)\//.test(path))
      .flatMap(({ path, text }) => [...codeOnly(text).matchAll(forbidden)].map(([call]) => `${path}: ${call}`));
    expect(faults).toEqual([]);
  });

  it('carry no silenced rule', () => {
    const silenced = /@ts-ignore|@ts-nocheck|@ts-expect-error|(?:eslint|oxlint)-disable/;
    const faults = sourceFiles(['libs', 'apps', 'test'])
      .filter(({ path, text }) => silenced.test(text) && path !== 'test/structure/repository.spec.ts')
      .map(({ path }) => path);
    expect(faults).toEqual([]);
  });
});

describe('error codes', () => {
  it('are all used by production code', () => {
    const files = sourceFiles(['libs', 'apps']).filter(
      ({ path }) => !isTestCode(path) && path !== 'libs/kernel/src/domain/error-codes.ts',
    );
    const text = files.map((file) => file.text).join('\n');
    const unused = Object.keys(ERROR_CODES).filter((code) => !new RegExp(`['"\`]${code}['"\`]`).test(text));
    expect(unused).toEqual([]);
  });

  it.each(Object.entries(ERROR_CODES))('%s is explained in a sentence', (code, meaning) => {
    expect(code).toMatch(/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/);
    expect(meaning).toMatch(/^[A-Z].{15,}\S[.)]$/);
  });
});

describe('package.json', () => {
  const manifest: Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>> = JSON.parse(
    readFileSync(join(repositoryRoot, 'package.json'), 'utf8'),
  );

  it.each(['dependencies', 'devDependencies', 'optionalDependencies'])('pins %s exactly', (group) => {
    const versions = Object.entries(manifest[group] ?? {});
    expect(versions.length).toBeGreaterThan(0);
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(String(version)))).toEqual([]);
  });
});
