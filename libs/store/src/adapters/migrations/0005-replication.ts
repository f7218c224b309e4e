import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What replication knows beyond its cursor: held deletions, records that were set aside, the status other servers show,
 * the token that was given over the API, the histories of indexes this store has had, and the canary.
 * Two tokens may swap their secrets in one transaction: the rule that a secret is one token's is checked at its end.
 */
export class Replication implements MigrationInterface {
  readonly name = 'Replication1795619880000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
ALTER TABLE replication_cursor ADD COLUMN log_hash text NOT NULL DEFAULT '';
CREATE TABLE replication_source (
  epoch uuid PRIMARY KEY,
  source_datacenter text NOT NULL,
  last_index bigint NOT NULL,
  left_at timestamptz NOT NULL
);
CREATE TABLE replication_hold (
  stream text PRIMARY KEY,
  code text NOT NULL,
  reason text NOT NULL,
  hash text NOT NULL,
  deletions jsonb NOT NULL,
  local_count integer NOT NULL,
  epoch uuid NOT NULL,
  index bigint NOT NULL,
  approved boolean NOT NULL DEFAULT false,
  since timestamptz NOT NULL
);
CREATE TABLE replication_quarantine (
  topic text NOT NULL,
  key text NOT NULL,
  stream text NOT NULL,
  content_hash text NOT NULL,
  code text NOT NULL,
  reason text NOT NULL,
  epoch uuid NOT NULL,
  index bigint NOT NULL,
  since timestamptz NOT NULL,
  PRIMARY KEY (topic, key)
);
CREATE TABLE replication_status (
  id smallint PRIMARY KEY CHECK (id = 1),
  body jsonb NOT NULL,
  written_at timestamptz NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE replication_token (
  id smallint PRIMARY KEY CHECK (id = 1),
  sealed text NOT NULL,
  instead_of text NOT NULL,
  set_at timestamptz NOT NULL
);
CREATE TABLE store_history (
  epoch uuid PRIMARY KEY,
  last_index bigint NOT NULL,
  reason text NOT NULL,
  successor uuid,
  noted_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE intention_canary (
  id smallint PRIMARY KEY CHECK (id = 1),
  sequence bigint NOT NULL,
  written_at timestamptz NOT NULL,
  content_hash text NOT NULL,
  create_index bigint NOT NULL,
  modify_index bigint NOT NULL
) WITH (fillfactor = 50);
ALTER TABLE acl_token DROP CONSTRAINT acl_token_secret_hash_key;
ALTER TABLE acl_token ADD CONSTRAINT acl_token_secret_hash_key UNIQUE (secret_hash) DEFERRABLE INITIALLY DEFERRED;`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
ALTER TABLE acl_token DROP CONSTRAINT acl_token_secret_hash_key;
ALTER TABLE acl_token ADD CONSTRAINT acl_token_secret_hash_key UNIQUE (secret_hash);
DROP TABLE intention_canary, store_history, replication_token, replication_status;
DROP TABLE replication_quarantine, replication_hold, replication_source;
ALTER TABLE replication_cursor DROP COLUMN log_hash;`);
  }
}
