import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Keys that nobody may believe any more, whoever certified them. */
export class DeniedKeys implements MigrationInterface {
  readonly name = 'DeniedKeys1795622500000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE denied_key (
  key_fingerprint_sha256 text PRIMARY KEY,
  reason text NOT NULL,
  since timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  create_index bigint NOT NULL,
  modify_index bigint NOT NULL
);`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE denied_key;');
  }
}
