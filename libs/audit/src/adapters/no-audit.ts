import type { ActOutcome, AuditAct } from '../domain/audit-act.js';
import { AuditRecorder } from '../ports/audit-recorder.js';

/** Records nothing, because an operator turned it off, or because there is nobody to answer for. */
export class NoAudit extends AuditRecorder {
  override async admit(): Promise<void> {}

  override within<T>(_act: AuditAct, work: () => Promise<T>): Promise<T> {
    return work();
  }

  override async close(_act: AuditAct, _outcome: ActOutcome): Promise<void> {}

  override current(): AuditAct | undefined {
    return undefined;
  }
}
