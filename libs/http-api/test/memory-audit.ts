import {
  type ActFacts,
  type ActOutcome,
  type AuditAct,
  type AuditEntry,
  AuditReader,
  AuditRecorder,
} from '@banyan/audit';
import { BanyanError } from '@banyan/kernel';

/** Acts as they were closed, in their order. */
export class MemoryAudit extends AuditRecorder {
  readonly recorded: (ActFacts & ActOutcome)[] = [];
  /** Set: no act is admitted. */
  failing: string | undefined;
  #within: AuditAct | undefined;

  override async admit(): Promise<void> {
    if (this.failing !== undefined) throw new BanyanError('AUDIT_UNAVAILABLE', this.failing);
  }

  override async within<T>(act: AuditAct, work: () => Promise<T>): Promise<T> {
    this.#within = act;
    try {
      return await work();
    } finally {
      this.#within = undefined;
    }
  }

  override async close(act: AuditAct, outcome: ActOutcome): Promise<void> {
    if (!act.wasExecutedElsewhere) this.recorded.push({ ...act.facts, ...outcome });
  }

  override current(): AuditAct | undefined {
    return this.#within;
  }
}

/** For the suites that look at other things: an empty trail. */
export class NoTrail extends AuditReader {
  override search = async (): Promise<readonly AuditEntry[]> => [];
  override async *export() {}
  override verify = async () => {
    const beginning = { seq: 0, hash: '' };
    const checkpoint = { datacenter: beginning, servers: new Map() };
    return { valid: true, entries: 0, checkpoint, head: beginning, servers: new Map() };
  };
}
