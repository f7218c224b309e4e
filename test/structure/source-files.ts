import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Absolute path of the repository. */
export const repositoryRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** A source file: its path from the repository's root, with forward slashes, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

const SKIPPED = new Set(['node_modules', 'dist', 'generated']);

function walk(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (!entry.isDirectory()) return [join(folder, entry.name)];
    return SKIPPED.has(entry.name) ? [] : walk(join(folder, entry.name));
  });
}

/** Every hand-written source file below the given folders of the repository, with one of the given endings. */
export function sourceFiles(folders: readonly string[], endings: readonly string[] = ['.ts']): SourceFile[] {
  return folders
    .flatMap((folder) => walk(join(repositoryRoot, folder)))
    .filter((path) => endings.some((ending) => path.endsWith(ending)))
    .map((path) => ({ path: relative(repositoryRoot, path).replaceAll('\\', '/'), text: readFileSync(path, 'utf8') }));
}

/** Names of the folders directly below a folder of the repository. */
export function foldersIn(folder: string): string[] {
  const absolute = join(repositoryRoot, folder);
  if (!existsSync(absolute)) return [];
  return readdirSync(absolute, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}

/** True for specs and for everything below a `test` folder: code that never runs in production. */
export function isTestCode(path: string): boolean {
  return (
    /\.(spec|integration|d)\.ts$/.test(path) ||
    /^libs\/[^/]+\/test\//.test(path) ||
    /^apps\/[^/]+\/test\//.test(path) ||
    path.startsWith('test/')
  );
}
