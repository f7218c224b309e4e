import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What each agent last said of its roots, leaves and sidecars. Evidence, not state: it takes no index and is not in the
 * commit log. A row is written every 15 s: half of each page is left free, so that it happens in place.
 */
export class AgentReports implements MigrationInterface {
  readonly name = 'AgentReports1795619400000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE agent_report (
  node text PRIMARY KEY,
  report jsonb NOT NULL,
  reported_at timestamptz NOT NULL,
  server text NOT NULL
) WITH (fillfactor = 50);`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE agent_report;');
  }
}
