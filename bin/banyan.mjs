#!/usr/bin/env node
// Starts the command line. In a source checkout, what is out of date in dist is compiled first.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const main = join(root, 'dist/apps/cli/src/main.js');
const build = join(root, 'scripts/build.mjs');

if (existsSync(join(root, 'apps')) && existsSync(build)) {
  await import(pathToFileURL(build).href);
} else if (!existsSync(main)) {
  process.stderr.write(
    `banyan is not built and its sources are not beside it: ${main} is missing. Install it again.\n`,
  );
  process.exit(1);
}
await import(pathToFileURL(main).href);
