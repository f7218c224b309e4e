import { BanyanError, type Clock, HOUR } from '@banyan/kernel';
import type { DatacenterEvidence, AdoptionEvidence } from '../ports/adoption-evidence.js';
import type { DeniedKeys } from '../ports/denied-keys.js';
import type { InactiveRoot, PresentAuthority } from '../ports/present-authority.js';
import type { ProviderTrial, RootSteps } from '../ports/root-steps.js';
import { makePlan } from '../domain/make-plan.js';
import type { KeyScope } from '../domain/key-scope.js';
import { publicOptions } from '../domain/order-summary.js';
import { DEFAULT_POLICY } from '../domain/policy.js';
import { changedParts, planHash, type RotationPlan } from '../domain/plan.js';
import type { Confirmation, RotationRequest, TaintRequest } from '../domain/request.js';
import type { StepPreview } from '../domain/step-preview.js';

/** What {@link RotationPlanner} needs. */
export interface PlannerParts {
  readonly steps: RootSteps;
  readonly evidence: AdoptionEvidence;
  readonly present: PresentAuthority;
  readonly denied: DeniedKeys;
  readonly clock: Clock;
}

/** As long as any wait of a rotation may be. */
const LONGEST_GRACE_MS = 90 * 24 * HOUR;

/** A plan, its name, and the order it stands for. */
export interface Planned {
  readonly plan: RotationPlan;
  readonly hash: string;
  readonly provider: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly datacenters: readonly DatacenterEvidence[];
}

/** Makes plans from what is seen now. Changes nothing. */
export class RotationPlanner {
  constructor(private readonly parts: PlannerParts) {}

  /** Throws `CA_CONFIG_INVALID`, `CA_PROVIDER_UNKNOWN`, `CA_UNINITIALIZED`. */
  async rotate(request: RotationRequest): Promise<Planned> {
    const { steps, present } = this.parts;
    const now = present.read();
    const provider = request.provider ?? now.provider;
    const options = request.options ?? (provider === now.provider ? now.options : {});
    const meaning = await steps.meaning({ provider, options });
    const providerChanges = meaning.kind === 'next-root' && meaning.providerChanges;
    return this.#planned(
      {
        kind: 'rotate',
        reason: providerChanges ? 'provider-change' : 'planned',
        provider,
        options: publicOptions(options),
        crossSign: request.crossSign,
        rootId: steps.activeRootId(),
      },
      { request, options, trial: await steps.trial({ provider, options }) },
    );
  }

  /**
   * Another signing key for one datacenter, under the root that stays. Throws `DATACENTER_UNKNOWN`, and `CONFLICT` when
   * it has not said which key it signs with, or names the key of another datacenter.
   */
  async rotateKey(request: RotationRequest & { readonly datacenter: string }): Promise<Planned> {
    const { steps, present, evidence } = this.parts;
    const { datacenter, compromised } = request;
    const { provider } = present.read();
    return this.#planned(
      {
        kind: compromised === true ? 'taint' : 'rotate',
        reason: compromised === true ? 'compromise' : 'planned',
        provider,
        options: {},
        crossSign: false,
        rootId: steps.activeRootId(),
        key: keyInUse(await evidence.datacenters(), datacenter),
      },
      { request, options: {}, trial: { canCrossSign: true, faults: [] } },
    );
  }

  /** What dropping the root will break: everybody under it, and by name whoever will not move in time. */
  async taint(request: TaintRequest): Promise<Planned> {
    const { provider, options } = this.parts.present.read();
    return this.#planned(
      {
        kind: 'taint',
        reason: 'compromise',
        provider,
        options: publicOptions(options),
        crossSign: false,
        rootId: request.rootId,
      },
      { request, options, trial: { canCrossSign: true, faults: [] } },
    );
  }

  /** The end of a root of which no rotation knows. A leaf's life and a tenth is the grace, as of the horizons of leaves. */
  async retire({ rootId, isTainted }: InactiveRoot): Promise<Planned> {
    const { provider, options, leafTtlMs } = this.parts.present.read();
    return this.#planned(
      {
        kind: 'retire',
        reason: isTainted ? 'compromise' : 'planned',
        provider,
        options: publicOptions(options),
        crossSign: false,
        rootId,
      },
      {
        request: {
          policy: { ...DEFAULT_POLICY, retireGraceMs: Math.min(Math.ceil(leafTtlMs * 1.1), LONGEST_GRACE_MS) },
        },
        options,
        trial: { canCrossSign: true, faults: [] },
      },
    );
  }

  async #planned(
    intent: RotationPlan['intent'],
    {
      request,
      options,
      trial,
    }: Pick<Planned, 'options'> & {
      readonly request: Pick<RotationRequest, 'policy'>;
      readonly trial: ProviderTrial;
    },
  ): Promise<Planned> {
    const { evidence, present, denied, clock } = this.parts;
    const all = await evidence.datacenters();
    const only = intent.key?.datacenter;
    const datacenters = only === undefined ? all : all.filter(({ datacenter }) => datacenter === only);
    const { leafTtlMs, rootNotAfter } = present.read();
    const { policy } = request;
    const deniedKeysFull = !denied.hasRoomFor(intent.key?.keyFingerprint ?? '');
    const seen = { intent, policy, datacenters, trial, leafTtlMs, rootNotAfter, deniedKeysFull };
    const plan = makePlan({ ...seen, now: clock.now() });
    return { plan, hash: planHash(plan), provider: intent.provider, options, datacenters };
  }
}

/**
 * Throws `ROTATION_PLAN_STALE` unless the hash that was quoted names this plan. The present hash is not told: who has not
 * seen the present plan has not confirmed it.
 */
export const requireConfirmed = ({ hash }: Planned, confirmation: Confirmation): void => {
  if (confirmation === 'unplanned' || confirmation.planHash === hash) return;
  const { planHash: quoted } = confirmation;
  const what = quoted === undefined ? 'No PlanHash was quoted.' : staleText(changedParts(quoted, hash));
  throw new BanyanError(
    'ROTATION_PLAN_STALE',
    `${what} Repeat the request with "DryRun": true, look at the plan, and start with its hash as PlanHash.`,
  );
};

const staleText = (changed: readonly string[] | undefined): string =>
  changed === undefined
    ? 'The quoted PlanHash is the hash of no plan.'
    : `The quoted PlanHash names another plan: since then ${changed.join(', ') || 'something'} changed.`;

const keyInUse = (datacenters: readonly DatacenterEvidence[], datacenter: string): KeyScope => {
  const found = datacenters.find((each) => each.datacenter === datacenter);
  if (found === undefined) {
    const names = datacenters.map((each) => each.datacenter).join(', ');
    throw new BanyanError('DATACENTER_UNKNOWN', `no datacenter has the name ${datacenter}, only ${names}`);
  }
  const key = found.adoption?.key;
  if (key === undefined) {
    throw new BanyanError('CONFLICT', `${datacenter} has not reported yet which key it signs with: repeat when it has`);
  }
  const { keyId, keyFingerprint, notAfter: endsAt } = key;
  const other = datacenters.find((each) => each !== found && each.adoption?.key?.keyFingerprint === keyFingerprint);
  if (other !== undefined) {
    throw new BanyanError(
      'CONFLICT',
      `${datacenter} and ${other.datacenter} both say that they sign with ${keyFingerprint}`,
    );
  }
  return { datacenter, keyId, keyFingerprint, endsAt };
};

/** Throws `ROTATION_PLAN_STALE` unless the step still does what was looked at. */
export const requireSameEffect = ({ hash }: StepPreview, planHash: string): void => {
  if (planHash === hash) return;
  throw new BanyanError(
    'ROTATION_PLAN_STALE',
    'The quoted PlanHash names another effect: since it was looked at the phase, the health, or who would break changed, ' +
      'or another step was looked at. Repeat the request with "DryRun": true and look again.',
  );
};
