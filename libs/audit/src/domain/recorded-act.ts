import { isBanyanError } from '@banyan/kernel';
import type { AuditRecorder } from '../ports/audit-recorder.js';
import { AuditAct, outcomeOf } from './audit-act.js';
import type { ActFacts } from './audit-record.js';

/** Does an act from its beginning to its end, for edges that are no HTTP. Throws what the work throws. */
export const recordedAct = async <T>(
  recorder: AuditRecorder,
  facts: ActFacts,
  work: (act: AuditAct) => Promise<T>,
): Promise<T> => {
  const act = new AuditAct(facts);
  let value: T;
  try {
    await recorder.admit();
    value = await recorder.within(act, () => work(act));
  } catch (error) {
    await recorder.close(act, outcomeOf(isBanyanError(error) ? error.code : 'INTERNAL'));
    throw error;
  }
  await recorder.close(act, outcomeOf(''));
  return value;
};
