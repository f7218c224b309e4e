import { AuditAct, AuditRecorder, outcomeOf } from '@banyan/audit';
import { CallWitness, type WitnessedCall } from '@banyan/http-kit';
import { Injectable } from '@nestjs/common';
import { AuditSubjects } from './audit-subjects.js';

/** Records the acts of the HTTP edge, and whoever is refused there. */
@Injectable()
export class AuditedCalls extends CallWitness {
  readonly #acts = new WeakMap<WitnessedCall, AuditAct>();
  readonly #reads = new WeakSet<WitnessedCall>();

  constructor(
    private readonly recorder: AuditRecorder,
    private readonly subjects: AuditSubjects,
  ) {
    super();
  }

  override async around<T>(seen: WitnessedCall, work: () => Promise<T>): Promise<T> {
    const act = this.#actOf(seen);
    if (this.#reads.has(seen)) return work();
    await this.recorder.admit();
    return this.recorder.within(act, work);
  }

  override async answered(seen: WitnessedCall, code: string): Promise<void> {
    const act = this.#actOf(seen);
    const outcome = outcomeOf(code);
    // Whoever only looks at what would happen is recorded like any reader: when it is denied.
    if (outcome.result !== 'denied' && this.#reads.has(seen)) return;
    await this.recorder.close(act, outcome);
  }

  #actOf(seen: WitnessedCall): AuditAct {
    const known = this.#acts.get(seen);
    if (known !== undefined) return known;
    const { action, caller, remoteAddress, method, path } = seen;
    const { isRead, ...subject } = this.subjects.of(action, action === '' ? undefined : seen.input());
    if (action === '' || isRead === true) this.#reads.add(seen);
    const act = new AuditAct({
      action: action === '' ? 'read' : action,
      accessorId: caller?.accessorId ?? '',
      tokenName: caller?.description ?? '',
      remoteAddress,
      method,
      path,
      ...subject,
    });
    this.#acts.set(seen, act);
    return act;
  }
}
