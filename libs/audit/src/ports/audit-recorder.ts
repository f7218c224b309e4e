import type { ActOutcome, AuditAct } from '../domain/audit-act.js';

/** Records acts. One per process. */
export abstract class AuditRecorder {
  /** Before an act: throws `AUDIT_UNAVAILABLE` while records fail and the policy is that nothing is done then. */
  abstract admit(): Promise<void>;
  /** Does the work of an act: the first transaction in it that writes something commits together with the act's entry. */
  abstract within<T>(act: AuditAct, work: () => Promise<T>): Promise<T>;
  /**
   * The end of an act, before its answer leaves: resolves when an entry stands. A refusal that is like many others is only
   * counted. Throws `AUDIT_UNAVAILABLE` when an act was done and could not be recorded, if the policy is `refuse`.
   */
  abstract close(act: AuditAct, outcome: ActOutcome): Promise<void>;
  /** The act within which this runs. */
  abstract current(): AuditAct | undefined;
}
