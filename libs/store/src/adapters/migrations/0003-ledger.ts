import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The issuance ledger: rows are added and, from the beginning, trimmed; never changed. `hash` covers the row and
 * `prev_hash`, the hash of the row before. The head says where the chain ends, the checkpoint where it begins.
 */
export class Ledger implements MigrationInterface {
  readonly name = 'Ledger1795619100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE issuance (
  seq bigint PRIMARY KEY CHECK (seq >= 1),
  kind text NOT NULL CHECK (kind IN ('service', 'agent', 'server', 'intermediate', 'root', 'cross-signed')),
  serial text NOT NULL,
  uri text NOT NULL,
  subject text NOT NULL,
  issuer_key_id text NOT NULL,
  root_id text NOT NULL,
  accessor_id text NOT NULL,
  node text NOT NULL,
  reason text NOT NULL CHECK (reason IN ('first', 'renewal', 'rotation', 'taint')),
  not_before timestamptz NOT NULL,
  not_after timestamptz NOT NULL,
  issued_at timestamptz NOT NULL,
  server text NOT NULL,
  prev_hash bytea NOT NULL,
  hash bytea NOT NULL
);
CREATE INDEX issuance_serial ON issuance (serial);
CREATE INDEX issuance_subject ON issuance (subject, seq);
CREATE INDEX issuance_issuer ON issuance (issuer_key_id, seq);
CREATE INDEX issuance_node ON issuance (node, seq);
CREATE INDEX issuance_issued_at ON issuance (issued_at);
CREATE INDEX issuance_live ON issuance (not_after) WHERE kind = 'service';
CREATE TABLE issuance_head (
  id smallint PRIMARY KEY CHECK (id = 1),
  seq bigint NOT NULL,
  hash bytea NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE issuance_checkpoint (
  id smallint PRIMARY KEY CHECK (id = 1),
  seq bigint NOT NULL,
  hash bytea NOT NULL,
  trimmed_at timestamptz NOT NULL
);`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE issuance, issuance_head, issuance_checkpoint;');
  }
}
