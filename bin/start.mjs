// `npm start`: compiles what is out of date and runs two datacenters on this machine (banyan dev).
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
if (!existsSync(join(root, 'node_modules'))) {
  process.stderr.write('The dependencies are missing. Run `npm ci` first, then `npm start`.\n');
  process.exit(1);
}
await import(pathToFileURL(join(root, 'scripts/build.mjs')).href);
process.argv.splice(2, 0, 'dev');
await import(pathToFileURL(join(root, 'dist/apps/cli/src/main.js')).href);
