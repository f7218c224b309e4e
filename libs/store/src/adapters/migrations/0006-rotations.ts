import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Rotations of the root. The record holds no secret; what was ordered may, so it is kept sealed beside it, and only until
 * the root it describes is active.
 */
export class Rotations implements MigrationInterface {
  readonly name = 'Rotations1795620240000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE rotation (
  id uuid PRIMARY KEY,
  revision bigint NOT NULL,
  finished boolean NOT NULL,
  record jsonb NOT NULL,
  sealed_order text,
  content_hash text NOT NULL,
  create_index bigint NOT NULL,
  modify_index bigint NOT NULL
);
CREATE INDEX rotation_unfinished ON rotation (id) WHERE NOT finished;`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE rotation');
  }
}
