import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which rotation of the datacenter's key an intermediate was made under; none: as it always was. */
export class SigningOrders implements MigrationInterface {
  readonly name = 'SigningOrders1795795200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE signing_authority ADD COLUMN rotation_id uuid;');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE signing_authority DROP COLUMN rotation_id;');
  }
}
