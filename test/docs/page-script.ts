import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

/** Ports of `npm start` that pages name. */
const PORTS = [8080, 8500, 8510, 9500, 9510];

/** The blocks of a page that are marked `sh`: those that a reader is to run, in their order. */
const blocksOf = (page: string): readonly string[] =>
  [...readFileSync(join(REPOSITORY, page), 'utf8').matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => match[1]!);

/**
 * What a reader types who takes every block of the page, one after another, in one shell: the first command that fails ends it. Ports
 * are moved by `offset`, and a pause of a second is a longer one, since here other work runs at the same time.
 */
export const scriptOf = (page: string, offset: number): string => {
  const typed = blocksOf(page)
    .map((block, index) => `echo '=== block ${index + 1}'\n${block}`)
    .join('\n')
    .replaceAll(/\bsleep 1\b/g, 'sleep 5');
  const moved = PORTS.reduce(
    (text, port) => text.replaceAll(new RegExp(`:${port}\\b`, 'g'), `:${port + offset}`),
    typed,
  );
  return `set -eo pipefail\n${moved}\n`;
};
