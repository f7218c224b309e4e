import { isBanyanError } from '@banyan/kernel';
import { type Column, type Fact, facts, table } from '../../output/table.js';
import { counted, shortId } from '../../output/words.js';
import type { View } from '../../output/output.js';
import type { Session } from '../../session/session.js';
import { planAnswer, type PlanAnswer, rotationShape, type WireRotation } from '../../wire/rotation-shapes.js';
import { blockersText } from './rotation-view.js';
import type { StepOptions } from './rotation-options.js';
import { showRotation, type WaitOptions } from './wait-for-rotation.js';

/** The world changes while one looks; with --yes nobody minds which plan it is. */
const TRIES = 5;

type PlannedDatacenter = PlanAnswer['Plan']['Datacenters'][number];

const DATACENTERS: readonly Column<PlannedDatacenter>[] = [
  { title: 'DATACENTER', value: ({ Datacenter }) => Datacenter },
  {
    title: 'REPORTED',
    value: ({ Reported }) => (Reported ? 'yes' : 'NO'),
    tone: ({ Reported }) => (Reported ? 'plain' : 'bad'),
  },
  { title: 'AGENTS', value: ({ Agents }) => Agents.Live, align: 'right' },
  { title: 'OFFLINE', value: ({ Agents }) => Agents.Offline, align: 'right' },
  { title: 'LEAVES', value: ({ Workloads }) => Workloads, align: 'right' },
  { title: 'SIGNATURES', value: ({ Signatures }) => Signatures, align: 'right' },
  { title: 'ABOUT', value: ({ EstimatedSeconds: s }) => (s === undefined ? undefined : `${s} s`), align: 'right' },
];

const waitsOf = ({ Reason, Policy }: PlanAnswer['Plan']): string =>
  Reason === 'compromise'
    ? `it goes ${Policy.Deadline} after the start at the latest`
    : `distribute ${Policy.DistributeWait}, verify ${Policy.VerifyWindow}, retire ${Policy.RetireGrace}`;

/** What leaves, and what comes in its place. */
const changeOf = (plan: PlanAnswer['Plan']): readonly Fact[] =>
  plan.LeavingKey
    ? [['what', `the signing key of ${plan.LeavingKey.Datacenter} goes (${plan.Reason}); the root stays`]]
    : [
        ['what', `root ${shortId(plan.LeavingRootID ?? '')} goes (${plan.Reason})`],
        ['provider', `${plan.Provider} ${JSON.stringify(plan.Config)}`],
        ['cross-signed', plan.CrossSign ? 'yes' : 'NO: who has not heard of the next root does not trust it'],
      ];

/** What a dry run answered. */
export const planView: View<PlanAnswer> = ({ Plan, PlanHash }, paint) => {
  const { Datacenters, Agents, Signatures, EstimatedSeconds } = Plan.Totals;
  const duration = EstimatedSeconds === undefined ? 'not known: no signing rate yet' : `about ${EstimatedSeconds} s`;
  const touched = [counted(Datacenters, 'datacenter'), counted(Agents, 'agent'), counted(Signatures, 'signature')];
  return [
    facts(
      [
        ['plan', PlanHash],
        ...changeOf(Plan),
        ['waits', waitsOf(Plan)],
        ['touches', touched.join(', ')],
        ['leaves move in', duration],
        ['grows', `bundle by ${Plan.BundleBytes} bytes, chains by ${Plan.ChainBytes}`],
      ],
      paint,
    ),
    `\n${table(DATACENTERS, Plan.Datacenters, paint)}`,
    blockersText('in the way', Plan.Blockers, Plan.BlockerCount, paint),
  ].join('');
};

/** A rotation or taint that is to be started. */
export interface Start {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** What happens, for the question; without a full stop. */
  readonly text: string;
  /** What has to be typed. */
  readonly word: string;
}

const tryStart = (session: Session, { path, body }: Start, PlanHash: string): Promise<WireRotation> =>
  session.api
    .ask({ method: 'POST', path, body: { ...body, PlanHash }, shape: rotationShape })
    .then(({ value }) => value);

const startWithYes = async (session: Session, start: Start): Promise<WireRotation> => {
  for (let attempt = 1; ; attempt += 1) {
    const { PlanHash } = await planOf(session, start);
    try {
      return await tryStart(session, start, PlanHash);
    } catch (error) {
      if (attempt === TRIES || !isBanyanError(error, 'ROTATION_PLAN_STALE')) throw error;
    }
  }
};

const planOf = async (session: Session, { path, body }: Start): Promise<PlanAnswer> =>
  (await session.api.ask({ method: 'POST', path, body: { ...body, DryRun: true }, shape: planAnswer })).value;

/**
 * Plans, shows the plan, has it confirmed, and starts exactly what was confirmed. With --plan-hash it starts what an
 * earlier dry run showed, with --yes whatever the plan is.
 */
export const startRotation = async (
  session: Session,
  start: Start,
  options: StepOptions & WaitOptions,
): Promise<void> => {
  const { out, confirmation } = session;
  if (options.dryRun === true) {
    out.show(await planOf(session, start), planView);
    return;
  }
  if (options.planHash !== undefined) {
    await showRotation(session, await tryStart(session, start, options.planHash), options);
    return;
  }
  if (options.yes === true) {
    await showRotation(session, await startWithYes(session, start), options);
    return;
  }
  const plan = await planOf(session, start);
  out.note(planView(plan, out.paint));
  await confirmation.require({ text: start.text, word: start.word, isAnswered: false });
  await showRotation(session, await tryStart(session, start, plan.PlanHash), options);
};
