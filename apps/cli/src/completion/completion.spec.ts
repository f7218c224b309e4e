import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCli } from '../testing/run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'banyan-completion-'));
afterAll(() => rmSync(folder, { recursive: true }));

const script = (shell: string): string => join(folder, `banyan.${shell}`);
const isThere = (shell: string): boolean => spawnSync(shell, ['-c', 'true']).status === 0;

beforeAll(async () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const run = await runCli(['completion', shell]);
    expect(run).toMatchObject({ code: 0, errors: '' });
    writeFileSync(script(shell), run.out);
  }
  writeFileSync(join(folder, 'roots.pem'), '');
});

/** A shell's candidates after `banyan <words>`, the last of which is being typed. */
type Asking = (words: readonly string[]) => readonly string[];

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');

const askBash: Asking = (words) => {
  const program = `source ${script('bash')}; COMP_WORDS=(banyan "$@"); COMP_CWORD=$#; _banyan; printf '%s\\n' "\${COMPREPLY[@]}"`;
  // Outside of a completion bash has no options of it to set.
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', program, 'bash', ...words], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect(stderr.replaceAll(/.*compopt: not currently executing completion function\n/g, '')).toBe('');
  return linesOf(stdout);
};

/** The real script; what zsh would show is printed instead. */
const ZSH = `
compdef() { :; }
compset() { cur=\${cur#*=}; }
shown() { local each; for each in "$@"; do each=\${each//\\\\:/$'\\1'}; each=\${each%%:*}; print -r -- "\${each//$'\\1'/:}"; done; }
_describe() { [[ $1 == -o ]] && shift; shown "\${(@P)2}"; }
compadd() { shift; shown "$@"; }
_files() { print -rl -- *; }
_message() { :; }
`;
const askZsh: Asking = (words) => {
  const program = `${ZSH}\nsource ${script('zsh')}; words=(banyan "$@"); CURRENT=$(($# + 1)); _banyan`;
  const { stdout, stderr } = spawnSync('zsh', ['-f', '-c', program, 'zsh', ...words], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return linesOf(stdout).filter((word) => word.startsWith(words.at(-1)?.replace(/^--.*=/, '') ?? ''));
};

const askFish: Asking = (words) => {
  const typed = ['banyan', ...words].join(' ');
  const text = execFileSync(
    'fish',
    ['--no-config', '-c', `source ${script('fish')}; complete -C ${JSON.stringify(typed)}`],
    {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, HOME: folder },
    },
  );
  return linesOf(text).map((line) => line.split('\t', 1)[0]!.replace(/^--output=/, ''));
};

const SHELLS: readonly (readonly [string, Asking])[] = [
  ['bash', askBash],
  ['zsh', askZsh],
  ['fish', askFish],
];
const present = SHELLS.filter(([shell]) => shell === 'bash' || isThere(shell));

describe.each(present)('completion in %s', (_shell, ask) => {
  it.each([
    ['the commands', ['']],
    ['those that begin so', ['c']],
    ['after a global option and its value', ['--http-addr', 'ca', '--no-color', 'c']],
    ['after an option written with one dash', ['-token-file', 'ca', 'c']],
  ])('offers %s', (_what, words) =>
    expect(ask(words)).toEqual(expect.arrayContaining(['ca', 'completion', 'connect'])),
  );

  it('offers what stands below a command, and nothing else', () => {
    const below = ask(['ca', 'ro']);
    expect(below.toSorted()).toEqual(['rollback', 'roots', 'rotate', 'rotation']);
    expect(ask(['ledger', '']).toSorted()).toEqual(['export', 'list', 'verify']);
  });

  it('offers the options of a command, and those that stand everywhere', () => {
    expect(ask(['ca', 'rotate', '--dr'])).toEqual(['--dry-run']);
    expect(ask(['ca', 'roots', '--'])).toEqual(expect.arrayContaining(['--pem', '--http-addr', '--help']));
    expect(ask(['ca', 'roots', '--'])).not.toContain('--dry-run');
  });

  it('offers the words that an option or argument takes', () => {
    expect(ask(['ca', 'roots', '--output', '']).toSorted()).toEqual(['json', 'table', 'yaml']);
    expect(ask(['-o', 'y'])).toEqual(['yaml']);
    expect(ask(['completion', '']).toSorted()).toEqual(['bash', 'fish', 'zsh']);
  });

  it('offers files where a file is meant', () => {
    expect(ask(['ca', 'inspect', 'ro'])).toEqual(['roots.pem']);
    expect(ask(['--ca-file', 'ro'])).toEqual(['roots.pem']);
  });

  it('offers nothing where a text is meant', () => expect(ask(['ca', 'rotate', '--reason', ''])).toEqual([]));
});

describe('completion in bash', () => {
  it('splits a word at = as readline does', () => {
    expect(askBash(['ca', 'roots', '--output', '=', 'y'])).toEqual(['yaml']);
    expect(askBash(['--output', '=', 'json', 'c'])).toEqual(expect.arrayContaining(['ca']));
  });

  it('completes options with one dash as they were begun', () => {
    expect(askBash(['ca', 'rotate', '-dr'])).toEqual(['-dry-run']);
  });
});

describe('banyan completion', () => {
  it('refuses another shell as wrong usage', async () => {
    expect((await runCli(['completion', 'tcsh'])).code).toBe(2);
  });
});
