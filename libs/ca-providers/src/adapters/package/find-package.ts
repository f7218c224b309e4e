import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BanyanError, messageOf, parsedJson } from '@banyan/kernel';
import { z } from 'zod';
import { errorText } from '../../domain/error-name.js';

/** A name that npm takes: no path, no URL, no module of Node. */
const PACKAGE_NAME = /^(@[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*$/;
const LONGEST_NAME = 214;

const conditions = z.union([z.string(), z.object({ import: z.string().optional(), default: z.string().optional() })]);
const manifestSchema = z.object({
  version: z.string().optional(),
  main: z.string().optional(),
  exports: z
    .union([z.string(), z.looseObject({ '.': conditions.optional(), import: z.string().optional() })])
    .optional(),
});

/** An installed package: its entry file, and its version for the log. */
export interface FoundPackage {
  readonly entry: string;
  readonly version: string;
}

/**
 * Finds an installed package by name, from a folder upwards through its `node_modules`, as Node does. Throws
 * `CA_PROVIDER_UNKNOWN`, naming the package.
 */
export const findPackage = async (name: string, from: readonly string[]): Promise<FoundPackage> => {
  if (!PACKAGE_NAME.test(name) || name.length > LONGEST_NAME) {
    throw new BanyanError('CA_PROVIDER_UNKNOWN', `"${name.slice(0, 64)}" is not the name of a package`);
  }
  for (const start of from) {
    for (let folder = resolve(start); ; folder = dirname(folder)) {
      const found = await manifestIn(join(folder, 'node_modules', name), name);
      if (found !== undefined) return found;
      if (folder === dirname(folder)) break;
    }
  }
  throw new BanyanError(
    'CA_PROVIDER_UNKNOWN',
    `the CA provider package ${name} is not installed: install it beside banyan, in ${from[0] ?? '.'}`,
  );
};

/** Where packages are looked for: the folder the process runs in, then where banyan itself is installed. */
export const packageFolders = (): readonly string[] => [process.cwd(), dirname(fileURLToPath(import.meta.url))];

const manifestIn = async (folder: string, name: string): Promise<FoundPackage | undefined> => {
  let text: string;
  try {
    text = await readFile(join(folder, 'package.json'), 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorText(error, 'code'))) return undefined;
    throw new BanyanError(
      'CA_PROVIDER_UNKNOWN',
      `the CA provider package ${name} cannot be read: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
  const manifest = manifestSchema.safeParse(parsedJson(text));
  if (!manifest.success) throw new BanyanError('CA_PROVIDER_UNKNOWN', `package.json of ${name} is not understood`);
  const { version = 'unknown' } = manifest.data;
  return { entry: join(folder, entryOf(manifest.data)), version };
};

const entryOf = ({ exports: exported, main }: z.output<typeof manifestSchema>): string => {
  if (typeof exported === 'string') return exported;
  const root = exported?.['.'] ?? exported?.import;
  if (typeof root === 'string') return root;
  return root?.import ?? root?.default ?? main ?? 'index.js';
};
