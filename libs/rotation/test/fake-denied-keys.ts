import { contentHash } from '@banyan/kernel';
import { DeniedKeys, type KeyToDeny } from '@banyan/rotation';
import type { Store, Transaction } from '@banyan/store';

/** Denied keys in a table of their own, so that they commit with the rotation's record, or do not. */
export class FakeDeniedKeys extends DeniedKeys {
  constructor(private readonly store: Store) {
    super();
  }

  async create(): Promise<void> {
    await this.store.dataSource.query('CREATE TABLE fake_denied_key (id text PRIMARY KEY)');
  }

  /** As if every place were taken. */
  full = false;

  override hasRoomFor(): boolean {
    return !this.full;
  }

  override deny(tx: Transaction, { keyFingerprint, reason }: KeyToDeny): Promise<void> {
    tx.stage({
      topic: 'denied-key',
      key: keyFingerprint,
      operation: 'upsert',
      contentHash: contentHash({ keyFingerprint, reason }),
      write: async (manager) => {
        await manager.query('INSERT INTO fake_denied_key VALUES ($1)', [keyFingerprint]);
      },
    });
    return Promise.resolve();
  }

  /** What is committed. */
  async all(): Promise<readonly string[]> {
    const rows = await this.store.dataSource.query<{ id: string }[]>('SELECT id FROM fake_denied_key ORDER BY id');
    return rows.map(({ id }) => id);
  }
}
