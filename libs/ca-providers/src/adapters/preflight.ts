import type { PreflightRequest, PreflightStep, ProvidedRoot, RootProvider } from '@banyan/ca';
import { isBanyanError } from '@banyan/kernel';
import { Certificate, verifyChain } from '@banyan/pki';
import { TRIAL_LIFE_MS, trialCrossing, trialIntermediate } from '../domain/throwaway.js';

type StepName = PreflightStep['step'];

/**
 * Tries a provider with the exact calls of a rotation: a root (one of 15 minutes, or the configured one), an intermediate
 * and a cross-signed certificate under it for keys that are thrown away, and its destruction. A step that fails is
 * reported; what rests on it is skipped; what was made is destroyed in any case. Throws `ABORTED`.
 */
export const preflight = async (
  provider: RootProvider,
  request: PreflightRequest,
  signal: AbortSignal,
): Promise<readonly PreflightStep[]> => {
  const { random, trustDomain, keySpec, now } = request;
  const steps: PreflightStep[] = [];
  const root = await attempt(steps, 'provide', async () =>
    provider.provide(
      {
        rotationId: `preflight-${random.uuid()}`,
        trustDomain,
        commonName: `preflight-${Buffer.from(random.bytes(4)).toString('hex')}.banyan`,
        keySpec,
        lifetimeMs: TRIAL_LIFE_MS,
        now,
      },
      signal,
    ),
  );
  if (root === undefined) return [...steps, ...skipped(['sign-intermediate', 'cross-sign', 'inspect', 'destroy'])];
  await tryRoot({ provider, root, request, steps }, signal);
  await attempt(steps, 'destroy', async () => provider.destroy(root.keyReference, signal));
  return steps;
};

/** What a root that exists is asked for. */
const tryRoot = async (
  trial: {
    readonly provider: RootProvider;
    readonly root: ProvidedRoot;
    readonly request: PreflightRequest;
    readonly steps: PreflightStep[];
  },
  signal: AbortSignal,
): Promise<void> => {
  const { provider, root, request, steps } = trial;
  const { keyReference, certificatePem } = root;
  const issuer = Certificate.fromPem(certificatePem);
  await attempt(steps, 'sign-intermediate', async () => {
    const { order } = await trialIntermediate(issuer, request.keySpec, request);
    requirePath(await provider.signIntermediate(keyReference, order, signal), issuer, request);
  });
  await attempt(steps, 'cross-sign', async () => {
    const { order } = await trialCrossing(issuer, request.keySpec, request);
    requirePath(await provider.crossSign(keyReference, order, signal), issuer, request);
  });
  await attempt(steps, 'inspect', async () => {
    const condition = await provider.inspect(keyReference, certificatePem, signal);
    if (condition.kind !== 'ready') throw new Finding(condition.reason);
  });
};

/** A finding that is no error of a call. */
class Finding extends Error {}

const requirePath = (pem: string, issuer: Certificate, { trustDomain, now }: PreflightRequest): void => {
  const presented = [Certificate.fromPem(pem)];
  const verdict = verifyChain({ presented, anchors: [issuer], now, trustDomain, usage: 'authority' });
  if (!verdict.ok) throw new Finding(`what was signed is refused: ${verdict.reason}`);
};

const attempt = async <T>(steps: PreflightStep[], step: StepName, work: () => Promise<T>): Promise<T | undefined> => {
  try {
    const result = await work();
    steps.push({ step, outcome: 'ok' });
    return result;
  } catch (error) {
    if (error instanceof Finding) steps.push({ step, outcome: 'failed', reason: error.message });
    else if (!isBanyanError(error) || error.code === 'ABORTED') throw error;
    else steps.push({ step, outcome: 'failed', code: error.code, reason: error.message });
    return undefined;
  }
};

const skipped = (names: readonly StepName[]): PreflightStep[] =>
  names.map((step) => ({ step, outcome: 'skipped', reason: 'there is no root to try it with' }));
