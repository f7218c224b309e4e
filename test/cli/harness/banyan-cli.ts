import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The compiled command line. */
export const CLI_ENTRY = join(dirname(fileURLToPath(import.meta.url)), '../../../dist/apps/cli/src/main.js');

const LIMIT_MS = 90_000;

/** What a run of the command line left. */
export interface CliAnswer {
  readonly code: number | null;
  readonly out: string;
  readonly errors: string;
}

/** The environment of one operator: nothing of the tests' own. */
export type CliEnvironment = Readonly<Record<string, string>>;

/** Runs `banyan` as a process of its own, on no terminal. */
export const banyan = (
  env: CliEnvironment,
  words: readonly string[],
  { input = '' }: { readonly input?: string } = {},
): Promise<CliAnswer> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLI_ENTRY, ...words], {
      env: { PATH: process.env['PATH'] ?? '', ...env },
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    let [out, errors] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, out, errors }));
    child.stdin.end(input);
  });

/** The text of standard output as JSON; fails with everything that was said when the run did not end with `code`. */
export const jsonOf = (answer: CliAnswer, code = 0): unknown => {
  if (answer.code !== code) throw new Error(`ended with ${answer.code}: ${answer.errors}${answer.out}`);
  return JSON.parse(answer.out);
};
