import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A root may be trusted before anybody signs under it (`next`), may be known to be compromised, and has a provider; an
 * intermediate under it may be `staged`: signed and proved, waiting for its root to become active.
 * The configuration it belongs to is kept sealed (it may hold secrets): a roll-back returns to it.
 */
export class NextRoot implements MigrationInterface {
  readonly name = 'NextRoot1795618800000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
ALTER TABLE root_authority DROP CONSTRAINT root_authority_state_check;
ALTER TABLE root_authority ADD CONSTRAINT root_authority_state_check CHECK (state IN ('next', 'active', 'inactive'));
CREATE UNIQUE INDEX root_authority_one_next ON root_authority (state) WHERE state = 'next';
ALTER TABLE root_authority ADD COLUMN provider text NOT NULL DEFAULT 'consul';
ALTER TABLE root_authority ADD COLUMN sealed_configuration text;
ALTER TABLE root_authority ADD COLUMN tainted_at timestamptz;
ALTER TABLE signing_authority DROP CONSTRAINT signing_authority_slot_check;
ALTER TABLE signing_authority ADD CONSTRAINT signing_authority_slot_check
  CHECK (slot IN ('pending', 'staged', 'active', 'retired'));
CREATE UNIQUE INDEX signing_authority_one_staged ON signing_authority (slot) WHERE slot = 'staged';`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
DROP INDEX signing_authority_one_staged;
ALTER TABLE signing_authority DROP CONSTRAINT signing_authority_slot_check;
ALTER TABLE signing_authority ADD CONSTRAINT signing_authority_slot_check
  CHECK (slot IN ('pending', 'active', 'retired'));
ALTER TABLE root_authority DROP COLUMN tainted_at, DROP COLUMN sealed_configuration, DROP COLUMN provider;
DROP INDEX root_authority_one_next;
ALTER TABLE root_authority DROP CONSTRAINT root_authority_state_check;
ALTER TABLE root_authority ADD CONSTRAINT root_authority_state_check CHECK (state IN ('active', 'inactive'));`);
  }
}
