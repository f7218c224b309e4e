import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The intermediates that the primary has handed out, by root, datacenter and request: a request that comes again, because
 * its answer was lost, gets the same one. All of it public; in the primary only, and not replicated.
 */
export class HandedIntermediates implements MigrationInterface {
  readonly name = 'HandedIntermediates1795881600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE handed_intermediate (
  root_id text NOT NULL,
  datacenter text NOT NULL,
  request_sha256 bytea NOT NULL,
  certificate_pem text NOT NULL,
  not_after timestamptz NOT NULL,
  PRIMARY KEY (root_id, datacenter, request_sha256)
);`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE handed_intermediate;');
  }
}
