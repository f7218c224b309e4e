// Compiles apps, libs and benchmarks into dist with the same layout, copies what is read at run time (.proto), and has Vite
// build the dashboard into dist/dashboard.
// Only files whose source is newer than their output are compiled; outputs without a source are removed.
import { transformFile } from '@swc/core';
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');
const config = join(root, '.swcrc');

const walk = (dir) =>
  !existsSync(dir)
    ? []
    : readdirSync(dir, { withFileTypes: true }).flatMap((e) =>
        e.name === 'node_modules' ? [] : e.isDirectory() ? walk(join(dir, e.name)) : [join(dir, e.name)],
      );

const outputOf = (source) => join(dist, relative(root, source)).replace(/\.ts$/, '.js');
const configTime = Math.max(statSync(config).mtimeMs, statSync(fileURLToPath(import.meta.url)).mtimeMs);
const isStale = (source, output) =>
  !existsSync(output) || statSync(output).mtimeMs < Math.max(statSync(source).mtimeMs, configTime);

const dashboard = join(root, 'apps/dashboard');
const page = join(dist, 'dashboard');
const sources = ['apps', 'libs', 'test']
  .flatMap((d) => walk(join(root, d)))
  .filter((f) => !f.startsWith(join(dashboard, '/')));
const compiled = sources.filter((f) => f.endsWith('.ts') && !/\.(spec|d)\.ts$/.test(f));
const copied = sources.filter((f) => f.endsWith('.proto'));

const expected = new Set([...compiled, ...copied].map(outputOf));
for (const file of walk(dist).filter((f) => !f.startsWith(join(page, '/')))) {
  if (!expected.has(file.replace(/\.map$/, ''))) rmSync(file);
}
const stale = compiled.filter((f) => isStale(f, outputOf(f)));
await Promise.all(
  stale.map(async (source) => {
    const output = outputOf(source);
    const { code, map } = await transformFile(source, { configFile: config, cwd: root, sourceMaps: true });
    // swc leaves a path as it is when its target is missing; the output would only fail when it is run.
    if (/from "[^"]+\/index\.ts"/.test(code)) throw new Error(`${source} imports a room that is not there`);
    mkdirSync(dirname(output), { recursive: true });
    writeFileSync(`${output}.map`, map);
    writeFileSync(output, `${code}\n//# sourceMappingURL=${output.split('/').pop()}.map\n`);
  }),
);
for (const source of copied.filter((f) => isStale(f, outputOf(f)))) {
  mkdirSync(dirname(outputOf(source)), { recursive: true });
  copyFileSync(source, outputOf(source));
}

// Vite is there to build, not to run: where dependencies were installed without it, the page is what was built before.
const pageSources = walk(dashboard).filter((f) => !/\.(spec\.ts|md)$/.test(f));
const index = join(page, 'index.html');
if (pageSources.some((f) => isStale(f, index)) && existsSync(join(root, 'node_modules/vite'))) {
  const { build } = await import('vite');
  await build({ configFile: join(dashboard, 'vite.config.ts'), logLevel: 'warn' });
}
