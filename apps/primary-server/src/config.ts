import { readFileSync } from 'node:fs';
import { type PrimarySettings, primarySettings } from '@banyan/server';
import { readSettings } from '@banyan/settings';

/** The settings of this process, read once. */
export const readConfig = (): PrimarySettings =>
  readSettings(primarySettings, { env: process.env, readFile: (path) => readFileSync(path, 'utf8') });
