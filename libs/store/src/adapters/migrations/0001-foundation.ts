import type { MigrationInterface, QueryRunner } from 'typeorm';

const STORE_TABLES = `
CREATE TABLE state_counter (
  id smallint PRIMARY KEY CHECK (id = 1),
  index bigint NOT NULL CHECK (index >= 1),
  epoch uuid NOT NULL
);
CREATE TABLE commit_log (
  index bigint NOT NULL,
  topic text NOT NULL,
  key text NOT NULL,
  operation text NOT NULL CHECK (operation IN ('upsert', 'delete')),
  content_hash text NOT NULL,
  committed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (index, topic, key)
);
CREATE TABLE lease (
  name text PRIMARY KEY,
  holder text NOT NULL,
  fencing bigint NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE TABLE key_check (
  id smallint PRIMARY KEY CHECK (id = 1),
  sealed text NOT NULL
);
CREATE TABLE replication_cursor (
  stream text PRIMARY KEY,
  source_datacenter text NOT NULL,
  epoch uuid NOT NULL,
  index bigint NOT NULL,
  applied_at timestamptz NOT NULL
);`;

const AUTHORITY_TABLES = `
CREATE TABLE trust_domain (
  id smallint PRIMARY KEY CHECK (id = 1),
  cluster_id uuid NOT NULL,
  primary_datacenter text NOT NULL,
  create_index bigint NOT NULL,
  modify_index bigint NOT NULL
);
CREATE TABLE root_authority (
  id text PRIMARY KEY,
  fingerprint_sha256 text NOT NULL,
  generation integer NOT NULL,
  name text NOT NULL,
  certificate_pem text NOT NULL,
  cross_signed_pem text,
  sealed_key text,
  state text NOT NULL CHECK (state IN ('active', 'inactive')),
  rotated_out_at timestamptz,
  private_key_type text NOT NULL,
  private_key_bits integer NOT NULL,
  leaf_horizon timestamptz,
  create_index bigint NOT NULL,
  modify_index bigint NOT NULL
);
CREATE UNIQUE INDEX root_authority_one_active ON root_authority (state) WHERE state = 'active';
CREATE TABLE ca_configuration (
  id smallint PRIMARY KEY CHECK (id = 1),
  provider text NOT NULL,
  config jsonb NOT NULL,
  force_without_cross_signing boolean NOT NULL,
  create_index bigint NOT NULL,
  modify_index bigint NOT NULL
);
CREATE TABLE signing_authority (
  id uuid PRIMARY KEY,
  slot text NOT NULL CHECK (slot IN ('pending', 'active', 'retired')),
  root_id text,
  sealed_key text,
  csr_pem text NOT NULL,
  certificate_pem text,
  leaf_horizon timestamptz,
  created_at timestamptz NOT NULL,
  create_index bigint NOT NULL,
  modify_index bigint NOT NULL
);
CREATE UNIQUE INDEX signing_authority_one_active ON signing_authority (slot) WHERE slot = 'active';
CREATE UNIQUE INDEX signing_authority_one_pending ON signing_authority (slot) WHERE slot = 'pending';`;

const POLICY_TABLES = `
CREATE TABLE service_intentions (
  name text PRIMARY KEY,
  sources jsonb NOT NULL,
  meta jsonb,
  content_hash text NOT NULL,
  create_index bigint NOT NULL,
  modify_index bigint NOT NULL
);
CREATE TABLE acl_token (
  accessor_id uuid PRIMARY KEY,
  secret_hash text NOT NULL UNIQUE,
  role jsonb NOT NULL,
  description text NOT NULL,
  create_time timestamptz NOT NULL,
  content_hash text NOT NULL,
  create_index bigint NOT NULL,
  modify_index bigint NOT NULL
);`;

const CATALOG_TABLES = `
CREATE TABLE datacenter (
  name text PRIMARY KEY,
  wan_address text NOT NULL,
  is_primary boolean NOT NULL,
  report jsonb,
  reported_at timestamptz,
  content_hash text NOT NULL,
  create_index bigint NOT NULL,
  modify_index bigint NOT NULL
);
CREATE TABLE node (
  name text PRIMARY KEY,
  id uuid NOT NULL,
  address text NOT NULL,
  meta jsonb NOT NULL,
  last_seen timestamptz NOT NULL,
  content_hash text NOT NULL,
  create_index bigint NOT NULL,
  modify_index bigint NOT NULL
);
CREATE TABLE service_instance (
  node text NOT NULL,
  id text NOT NULL,
  name text NOT NULL,
  registration jsonb NOT NULL,
  content_hash text NOT NULL,
  create_index bigint NOT NULL,
  modify_index bigint NOT NULL,
  PRIMARY KEY (node, id)
);
CREATE TABLE health_check (
  node text NOT NULL,
  check_id text NOT NULL,
  service_id text NOT NULL,
  registration jsonb NOT NULL,
  content_hash text NOT NULL,
  create_index bigint NOT NULL,
  modify_index bigint NOT NULL,
  PRIMARY KEY (node, check_id)
);`;

/**
 * All tables of the first version. Column names are part of the contract with the rooms' row classes. A key that is
 * sealed is text of `KeyEncryption`; it becomes NULL when the key is destroyed, and the public part stays.
 */
export class Foundation implements MigrationInterface {
  readonly name = 'Foundation1795532400000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(STORE_TABLES);
    await runner.query(AUTHORITY_TABLES);
    await runner.query(POLICY_TABLES);
    await runner.query(CATALOG_TABLES);
  }

  /** There is no way back from the first version but an empty database. */
  async down(): Promise<void> {
    await Promise.reject(new Error('the first migration cannot be undone'));
  }
}
