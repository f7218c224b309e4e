import { join } from 'node:path';
import type { Logger } from '@banyan/kernel';
import { EmbeddedPostgres, KeyEncryption } from '@banyan/store';
import type { ServerSettings } from './server-settings.js';

/** A database that is there for as long as the server runs. */
export interface Database {
  readonly url: string;
  stop(): Promise<void>;
}

/** The configured database, or an embedded one in the data folder. Fails with `POSTGRES_*` codes. */
export const openDatabase = async (
  settings: ServerSettings,
  logger: Logger,
  onExit: (reason: string) => void,
): Promise<Database> => {
  if (settings.BANYAN_DATABASE_URL !== undefined) {
    return { url: settings.BANYAN_DATABASE_URL.reveal(), stop: async () => {} };
  }
  const dataDir = join(settings.BANYAN_DATA_DIR, 'postgres');
  logger.info('embedded PostgreSQL starting', { dataDir });
  const postgres = await EmbeddedPostgres.start({
    dataDir,
    onExit: (code, signal) => onExit(`the embedded PostgreSQL ended (${signal ?? code}); its log is beside ${dataDir}`),
  });
  return { url: postgres.url, stop: () => postgres.stop() };
};

/** The key-encryption key. It is made here only beside an embedded database: elsewhere a lost key must not pass unnoticed. */
export const loadKeyEncryption = (settings: ServerSettings, logger: Logger): KeyEncryption => {
  const generate = settings.BANYAN_DATABASE_URL === undefined;
  const source =
    settings.BANYAN_KEK === undefined
      ? { file: settings.BANYAN_KEK_FILE ?? join(settings.BANYAN_DATA_DIR, 'kek'), generate }
      : { value: settings.BANYAN_KEK.reveal(), generate: false };
  const keys = KeyEncryption.load(source);
  for (const warning of keys.warnings) logger.warn('key-encryption key', { warning });
  return keys;
};
