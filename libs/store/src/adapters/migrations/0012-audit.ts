import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The audit trail: rows are added and, from the beginning, trimmed; never changed. `hash` covers the row, `prev_hash` (the
 * row before) and `server_prev_hash` (the row before of the same server). Heads say where the chains end, checkpoints where
 * they begin; the server `''` stands for the datacenter, whose chain joins those of its servers.
 */
export class Audit implements MigrationInterface {
  readonly name = 'Audit1795968000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE audit_entry (
  seq bigint PRIMARY KEY CHECK (seq >= 1),
  at timestamptz NOT NULL,
  server text NOT NULL CHECK (server <> ''),
  server_seq bigint NOT NULL CHECK (server_seq >= 1),
  datacenter text NOT NULL,
  accessor_id text NOT NULL,
  token_name text NOT NULL,
  remote_address text NOT NULL,
  action text NOT NULL,
  method text NOT NULL,
  path text NOT NULL,
  target text NOT NULL,
  result text NOT NULL CHECK (result IN ('ok', 'denied', 'failed')),
  code text NOT NULL,
  before_json text NOT NULL,
  after_json text NOT NULL,
  server_prev_hash bytea NOT NULL,
  prev_hash bytea NOT NULL,
  hash bytea NOT NULL,
  UNIQUE (server, server_seq)
);
CREATE INDEX audit_entry_at ON audit_entry (at);
CREATE INDEX audit_entry_action ON audit_entry (action, seq);
CREATE INDEX audit_entry_accessor ON audit_entry (accessor_id, seq);
CREATE TABLE audit_head (
  server text PRIMARY KEY,
  seq bigint NOT NULL,
  hash bytea NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE audit_checkpoint (
  server text PRIMARY KEY,
  seq bigint NOT NULL,
  hash bytea NOT NULL,
  trimmed_at timestamptz NOT NULL
);`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE audit_entry, audit_head, audit_checkpoint;');
  }
}
