import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The servers of this datacenter, each with its last sign of life by the database's clock, and since when a lease is
 * held. A row is updated every 2 s: half of each page is left free, so that it happens in place.
 */
export class Servers implements MigrationInterface {
  readonly name = 'Servers1795620600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE server (
  id text PRIMARY KEY,
  datacenter text NOT NULL,
  name text NOT NULL,
  version text NOT NULL,
  http_address text NOT NULL,
  lan_address text NOT NULL,
  wan_address text NOT NULL,
  started_at timestamptz NOT NULL,
  seen_at timestamptz NOT NULL
) WITH (fillfactor = 50);
ALTER TABLE lease ADD COLUMN acquired_at timestamptz;`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
ALTER TABLE lease DROP COLUMN acquired_at;
DROP TABLE server;`);
  }
}
