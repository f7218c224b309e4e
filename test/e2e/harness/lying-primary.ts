import { queryStore } from './stored-roots.js';

/** Takes the next index, logs `lines` (topic is that of intentions) under it and hints at it, as the product does. */
const committed = (dataDir: string, change: string): Promise<unknown> =>
  queryStore(
    dataDir,
    `WITH next AS (UPDATE state_counter SET index = index + 1 WHERE id = 1 RETURNING index),
          changed AS (${change}),
          logged AS (INSERT INTO commit_log (index, topic, key, operation, content_hash)
                     SELECT next.index, 'intention', changed.name, changed.operation, changed.content_hash
                       FROM next, changed RETURNING index)
     SELECT pg_notify('banyan_commit', index::text) FROM next`,
  );

/**
 * The database of a primary, changed behind its back, with entries in its commit log: from then on its feed tells a lie
 * in good faith.
 */
export class LyingPrimary {
  constructor(private readonly dataDir: string) {}

  /** Every intention is gone, in one transaction. Keeps them aside. */
  async loseIntentions(): Promise<void> {
    await queryStore(this.dataDir, 'CREATE TABLE kept_aside AS SELECT * FROM service_intentions');
    await committed(
      this.dataDir,
      `DELETE FROM service_intentions RETURNING name, content_hash, 'delete'::text AS operation`,
    );
  }

  /** What {@link loseIntentions} took is there again. */
  async findIntentions(): Promise<void> {
    await committed(
      this.dataDir,
      `INSERT INTO service_intentions SELECT * FROM kept_aside RETURNING name, content_hash, 'upsert'::text AS operation`,
    );
    await queryStore(this.dataDir, 'DROP TABLE kept_aside');
  }

  /** An entry that no product would write: its action is none, and its hash not its own. */
  async poison(destination: string): Promise<void> {
    await committed(
      this.dataDir,
      `INSERT INTO service_intentions (name, sources, meta, content_hash, create_index, modify_index)
       VALUES ('${destination}', '[{"name":"web","type":"consul","precedence":9,"action":"perhaps"}]', NULL, 'none', 1, 1)
       RETURNING name, content_hash, 'upsert'::text AS operation`,
    );
  }

  async forget(destination: string): Promise<void> {
    await committed(
      this.dataDir,
      `DELETE FROM service_intentions WHERE name = '${destination}'
       RETURNING name, content_hash, 'delete'::text AS operation`,
    );
  }
}
