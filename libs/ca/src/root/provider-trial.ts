import type { ProviderTrial } from '../domain/root-order.js';
import type { PreflightRequest, PreflightStep } from '../ports/root-provider.js';
import type { ProviderAccess, SecretConfiguration } from './provider-access.js';

/** A provider by its configuration, and what it is to be tried with. */
export interface TrialSubject {
  readonly configuration: SecretConfiguration;
  readonly request: PreflightRequest;
}

/** A provider that does not answer its trial within this is a finding. */
export const TRIAL_LIMIT_MS = 20_000;

/**
 * Tries the next root's provider, and whether the present one can vouch for it; `voucher` is absent where both are one.
 * Throws `CA_CONFIG_INVALID`, `ABORTED`.
 */
export const tryProviders = async (
  access: ProviderAccess,
  { next, voucher }: { readonly next: TrialSubject; readonly voucher?: TrialSubject },
): Promise<ProviderTrial> => {
  const signal = AbortSignal.timeout(TRIAL_LIMIT_MS);
  const steps = await access.tried(next.configuration, next.request, signal);
  const vouching = voucher === undefined ? steps : await access.tried(voucher.configuration, voucher.request, signal);
  return {
    ...vouchingOf(vouching),
    faults: steps.filter((step) => step.step !== 'cross-sign' && failed(step)).map(faultOf),
  };
};

/** A cross-signing that was not tried, since what it rests on failed, would fail as well. */
const vouchingOf = (steps: readonly PreflightStep[]): Pick<ProviderTrial, 'canCrossSign' | 'cannotBecause'> => {
  if (!steps.some(({ step, outcome }) => step === 'cross-sign' && outcome !== 'ok')) return { canCrossSign: true };
  const cause = steps.find(failed);
  return { canCrossSign: false, ...(cause !== undefined && { cannotBecause: faultOf(cause) }) };
};

const failed = ({ outcome }: PreflightStep): boolean => outcome === 'failed';

const faultOf = ({ step, code, reason }: PreflightStep): string =>
  [step, code, reason].filter((part) => part !== undefined).join(': ');
