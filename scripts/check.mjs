// `npm run check`: everything about the source that can be decided without running the product. Prints one line per
// step with its time, and what a failed step said. `--fix` formats first and rewrites the generated files.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const fix = process.argv.includes('--fix');
const folders = ['apps', 'libs', 'test', 'bin', 'scripts'].filter((folder) => existsSync(join(root, folder)));

const node = (...args) => run(process.execPath, args);
const tool = (name, ...args) => run(join(root, 'node_modules', '.bin', name), args);
function run(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return { ok: status === 0, output: `${stdout ?? ''}${stderr ?? ''}${error ? String(error) : ''}`, stdout };
}

function generatedUnchanged() {
  const build = node('scripts/build.mjs');
  if (!build.ok) return build;
  if (fix) return node('scripts/generate.mjs');
  const out = mkdtempSync(join(tmpdir(), 'banyan-generated-'));
  try {
    const made = node('scripts/generate.mjs', '--out', out);
    if (!made.ok) return made;
    const stale = made.stdout
      .trim()
      .split('\n')
      .filter((path) => {
        const committed = join(root, path);
        return !existsSync(committed) || readFileSync(committed, 'utf8') !== readFileSync(join(out, path), 'utf8');
      });
    const output = stale.map((path) => `${path} is stale: run npm run generate and commit it\n`).join('');
    return { ok: stale.length === 0, output };
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

const STEPS = [
  { name: 'format', step: () => tool('oxfmt', ...(fix ? [] : ['--check']), ...folders) },
  { name: 'lint', step: () => tool('oxlint', '--type-aware', '-c', '.oxlintrc.json', ...folders) },
  { name: 'types', step: () => tool('tsc', '-p', '.') },
  { name: 'types of the dashboard', step: () => tool('tsc', '-p', 'apps/dashboard') },
  { name: 'types of its tests', step: () => tool('tsc', '-p', 'test/dashboard') },
  { name: 'structure', step: () => node('scripts/jest.mjs', '--config', 'jest.config.mjs', 'test/structure') },
  { name: 'generated files', step: generatedUnchanged },
];

let failed = 0;
for (const { name, step } of STEPS) {
  const startedAt = performance.now();
  const { ok, output } = step();
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`);
  if (!ok) {
    failed += 1;
    console.log(output.trimEnd());
  }
}
console.log(failed === 0 ? 'check: all steps passed' : `check: ${failed} of ${STEPS.length} steps failed`);
process.exit(failed === 0 ? 0 : 1);
