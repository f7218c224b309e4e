import { readFileSync } from 'node:fs';
import { type SecondarySettings, secondarySettings } from '@banyan/server';
import { readSettings } from '@banyan/settings';

/** The settings of this process, read once. The token's file is kept as a path: it is read anew before each use. */
export const readConfig = (): SecondarySettings => {
  const { BANYAN_REPLICATION_TOKEN_FILE: tokenPath, ...rest } = process.env;
  const env = { ...rest, ...(tokenPath !== undefined && { BANYAN_REPLICATION_TOKEN_PATH: tokenPath }) };
  return readSettings(secondarySettings, { env, readFile: (path) => readFileSync(path, 'utf8') });
};
