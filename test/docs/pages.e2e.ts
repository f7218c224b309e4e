import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../e2e/harness/eventually.js';
import { scriptOf } from './page-script.js';

const BIN = fileURLToPath(new URL('../../bin', import.meta.url));
/** Every port of `npm start` moved away from a running one, and below those of outgoing connections. */
const OFFSET = 10_390;

/** A page, and what its commands print when they do what it says. */
const PAGES: readonly (readonly [page: string, prints: readonly RegExp[]])[] = [
  [
    'docs/tutorial.md',
    [
      /trust +✓ ok/,
      /^502$/m,
      /^Denied$/m,
      /^trusted +yes$/m,
      /retire → completed/,
      /^ +\d+ 200$/m,
      /rolled-back/,
      /^chain +holds$/m,
    ],
  ],
  [
    'README.md',
    [/^leaf\.pem: OK$/m, /connection denied/, /^ +600 200$/m, /activate → verify/, /rolling-back/, /dc2 READY GREEN/],
  ],
];

describe('the commands of the pages', () => {
  let folder: string;
  let mesh: ChildProcess;
  let meshOutput = '';
  const ended = new AbortController();
  const environment = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    NO_COLOR: '1',
    BANYAN_DEV_PORT_OFFSET: String(OFFSET),
    BANYAN_HTTP_ADDR: `127.0.0.1:${8500 + OFFSET}`,
  };

  /** Runs a script as a reader would, in the folder that holds `bin` and `.banyan`. */
  const run = async (script: string): Promise<{ readonly code: number | null; readonly output: string }> => {
    const shell = spawn('bash', ['-s'], { cwd: folder, env: environment, stdio: 'pipe', signal: ended.signal });
    let output = '';
    for (const stream of [shell.stdout, shell.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
    shell.stdin.end(script);
    const [code] = (await once(shell, 'close')) as [number | null];
    return { code, output };
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'banyan-docs-'));
    symlinkSync(BIN, join(folder, 'bin'));
    mesh = spawn(process.execPath, [join(BIN, 'banyan.mjs'), 'dev'], { cwd: folder, env: environment, stdio: 'pipe' });
    for (const stream of [mesh.stdout!, mesh.stderr!])
      stream.on('data', (text: Buffer) => (meshOutput += text.toString()));
    await eventually('both datacenters are up', { limitMs: 120_000 }, () => {
      expect(meshOutput).toContain('Two datacenters are running');
    });
  }, 150_000);
  afterAll(async () => {
    if (mesh.exitCode === null) {
      const stopped = once(mesh, 'exit');
      mesh.kill('SIGINT');
      await stopped;
    }
    ended.abort();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  it.each(PAGES)('of %s do what it says', async (page, prints) => {
    const { code, output } = await run(scriptOf(page, OFFSET));
    expect({ page, code, end: code === 0 ? '' : output.slice(-3_000) }).toEqual({ page, code: 0, end: '' });
    for (const printed of prints) expect(output).toMatch(printed);
    // Counts of answers by status, as `uniq -c` writes them: nothing but 200, whatever was replaced meanwhile.
    expect(output.match(/^ +\d+ (?!200$)\d{3}$/gm) ?? []).toEqual([]);
  });
});
