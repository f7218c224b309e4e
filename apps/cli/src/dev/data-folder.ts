import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BanyanError } from '@banyan/kernel';

/** Shows that the folder was made by us; only such a folder is ever deleted. */
const MARKER = 'banyan-dev-folder';
const MARKER_TEXT = 'Made by `banyan dev`. With --fresh the whole folder is deleted.\n';

/** Where the two datacenters keep everything: state, logs, secrets. */
export interface DataFolder {
  readonly path: string;
  readonly logs: string;
  readonly secrets: string;
}

/**
 * Makes the data folder, or takes the one of an earlier run. `fresh` deletes an earlier one first.
 * Throws `CONFIG_INVALID` for a folder with content that we did not make.
 */
export const openDataFolder = (path: string, options: { readonly fresh: boolean }): DataFolder => {
  const isOurs = existsSync(join(path, MARKER));
  if (!isOurs && existsSync(path) && readdirSync(path).length > 0) {
    throw new BanyanError(
      'CONFIG_INVALID',
      `${path} has content that banyan did not make, so it is left alone. Set BANYAN_DATA_DIR to another folder.`,
    );
  }
  if (isOurs && options.fresh) rmSync(path, { recursive: true, force: true });
  const folder = { path, logs: join(path, 'logs'), secrets: join(path, 'secrets') };
  mkdirSync(path, { recursive: true, mode: 0o700 });
  writeFileSync(join(path, MARKER), MARKER_TEXT);
  mkdirSync(folder.logs, { recursive: true });
  mkdirSync(folder.secrets, { recursive: true, mode: 0o700 });
  return folder;
};

/** The text of `path`, made by `make` and written with mode 0600 when it does not exist yet. */
export const readOrMake = (path: string, make: () => string): string => {
  if (existsSync(path)) {
    const text = readFileSync(path, 'utf8').trim();
    if (text !== '') return text;
  }
  const text = make();
  writeFileSync(path, `${text}\n`, { mode: 0o600 });
  return text;
};
