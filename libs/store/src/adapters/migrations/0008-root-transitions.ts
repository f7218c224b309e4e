import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What is remembered of roots that have left the bundle, so that peers who know only such a root find their way back. */
export class RootTransitions implements MigrationInterface {
  readonly name = 'RootTransitions1795622400000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE root_transition (
  from_fingerprint_sha256 text PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('vouched', 'tainted', 'unvouched')),
  from_certificate_pem text,
  cross_signed_pem text,
  next_fingerprint_sha256 text,
  generation int NOT NULL,
  at timestamptz NOT NULL,
  create_index bigint NOT NULL,
  modify_index bigint NOT NULL,
  CHECK (num_nonnulls(from_certificate_pem, cross_signed_pem, next_fingerprint_sha256) =
    CASE kind WHEN 'vouched' THEN 3 ELSE 0 END)
);`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE root_transition;');
  }
}
