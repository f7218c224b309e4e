import { chmod, open } from 'node:fs/promises';
import { BanyanError, messageOf } from '@banyan/kernel';

/**
 * A file that only its owner may read, which must not exist yet. Opened before a secret is made: one that cannot be kept is
 * not asked for. Throws `CONFIG_INVALID`.
 */
export const openSecretFile = async (path: string): ReturnType<typeof open> => {
  const file = await open(path, 'wx', 0o600).catch((cause: unknown) => {
    throw new BanyanError('CONFIG_INVALID', `--token-out cannot be written: ${messageOf(cause)}`, { cause });
  });
  await chmod(path, 0o600);
  return file;
};
