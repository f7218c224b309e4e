import type { EpochMs } from '@banyan/kernel';
import { timestamptzAsEpochMs } from '@banyan/store';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What an agent last said; written outside the commit log, by the server that heard it. */
@Entity('agent_report')
export class AgentReportRow {
  @PrimaryColumn({ name: 'node', type: 'text' }) node!: string;
  @Column({ name: 'report', type: 'jsonb' }) report!: unknown;
  @Column({ name: 'reported_at', type: 'timestamptz', transformer: timestamptzAsEpochMs }) reportedAt!: EpochMs;
  /** ID of the server that wrote it. */
  @Column({ name: 'server', type: 'text' }) server!: string;
}
