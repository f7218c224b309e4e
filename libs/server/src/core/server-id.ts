import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Logger, messageOf, type Random } from '@banyan/kernel';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * The ID of this server: a UUID, drawn at the first start and kept in the data folder, so that a server that comes back
 * is known as itself. Where nothing can be kept it is another one after each start, which costs the wait for its own lease.
 */
export const keptServerId = (dataDir: string, random: Random, logger: Logger): string => {
  const file = join(dataDir, 'server-id');
  const kept = readKept(file);
  if (kept !== undefined) return kept;
  const id = random.uuid();
  try {
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(file, `${id}\n`, { mode: 0o600 });
  } catch (error) {
    logger.warn('the ID of this server cannot be kept: it is another one after a restart', {
      file,
      reason: messageOf(error),
    });
  }
  return id;
};

const readKept = (file: string): string | undefined => {
  try {
    const text = readFileSync(file, 'utf8').trim();
    return UUID.test(text) ? text : undefined;
  } catch {
    // Absent at the first start. Whatever else keeps it from being read: another ID costs a wait, and its writing says why.
    return undefined;
  }
};
