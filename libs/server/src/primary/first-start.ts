import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseInitialTokens } from '@banyan/acl';
import { BanyanError } from '@banyan/kernel';
import type { DatacenterCore } from '../core/datacenter-core.js';
import type { PrimaryRole } from './primary-role.js';
import type { PrimarySettings } from './primary-settings.js';

/** Makes the tokens of the tokens file, once. Fails with `CONFIG_INVALID`, naming the entry, never a secret. */
export const importInitialTokens = async (
  core: DatacenterCore,
  role: PrimaryRole,
  file: string | undefined,
): Promise<void> => {
  if (file === undefined) return;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new BanyanError('CONFIG_INVALID', `the file that BANYAN_INITIAL_TOKENS_FILE names cannot be read: ${file}`, {
      cause,
    });
  }
  const { stored, index } = await role.tokenWriter.import(parseInitialTokens(text));
  await core.follower.reached(index, { limitMs: 10_000 });
  if (stored > 0) core.ambient.logger.info('initial tokens made', { count: stored });
};

/** Writes the active root's fingerprint where secondaries and agents find their pin; whole or not at all. */
export const publishFingerprint = (settings: PrimarySettings): ((fingerprint: string) => void) => {
  const file = settings.BANYAN_ROOT_FINGERPRINT_OUT ?? join(settings.BANYAN_DATA_DIR, 'root.fingerprint');
  let published: string | undefined;
  return (fingerprint) => {
    if (published === fingerprint) return;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.next`, `${fingerprint}\n`, { mode: 0o644 });
    renameSync(`${file}.next`, file);
    published = fingerprint;
  };
};
