import type { View } from '../../output/output.js';
import { plainText } from '../../output/plain-text.js';
import { type Column, facts, table } from '../../output/table.js';
import { counted, shortId, stateTone, timeText, withShortIds } from '../../output/words.js';
import { isFinished, type WireBlocker, type WireRotation } from '../../wire/rotation-shapes.js';
import type { Paint } from '../../output/paint.js';

const MOST_NAMED = 12;
const JOURNAL_LINES = 8;

/** What a rotation changes. */
export const scopeText = ({ Scope }: Pick<WireRotation, 'Scope'>): string =>
  typeof Scope === 'string' ? 'the root' : `the signing key of ${Scope.Datacenter}`;

const BLOCKERS: readonly Column<WireBlocker>[] = [
  { title: 'DATACENTER', value: ({ Datacenter }) => Datacenter },
  { title: 'AGENT', value: ({ Node }) => Node },
  { title: 'REASON', value: ({ Reason }) => Reason },
  { title: 'DETAIL', value: ({ Detail }) => withShortIds(Detail) },
];

/** Who is meant, by name, with the number of those that are not shown; '' for nobody. */
export const blockersText = (title: string, named: readonly WireBlocker[], count: number, paint: Paint): string => {
  if (count === 0) return '';
  const shown = named.slice(0, MOST_NAMED);
  const rest = count > shown.length ? `… and ${count - shown.length} more\n` : '';
  return `\n${paint('strong', `${title} (${count})`)}\n${table(BLOCKERS, shown, paint)}${rest}`;
};

const DATACENTERS: readonly Column<WireRotation['Datacenters'][number]>[] = [
  { title: 'DATACENTER', value: ({ Datacenter }) => Datacenter },
  {
    title: 'REPORTED',
    value: ({ Reported }) => (Reported ? 'yes' : 'NO'),
    tone: ({ Reported }) => (Reported ? 'plain' : 'bad'),
  },
  { title: 'HAS ROOT', value: ({ HoldsRoot }) => (HoldsRoot ? 'yes' : 'no') },
  { title: 'STAGED', value: ({ Staged }) => (Staged ? 'yes' : 'no') },
  { title: 'SIGNS UNDER', value: ({ SigningRootID }) => (SigningRootID ? shortId(SigningRootID) : undefined) },
  { title: 'TRUSTING', value: ({ Agents }) => `${Agents.Trusting} of ${Agents.Live}`, align: 'right' },
  { title: 'MOVED', value: ({ Leaves }) => Leaves.Staying, align: 'right' },
  {
    title: 'TO MOVE',
    value: ({ Leaves, LedgerLeaves }) => Math.max(Leaves.Leaving, LedgerLeaves.Leaving),
    align: 'right',
  },
  {
    title: 'SHADOW',
    value: ({ Shadow }) => Shadow.Failed,
    tone: ({ Shadow }) => (Shadow.Failed > 0 ? 'warning' : 'plain'),
    align: 'right',
  },
];

const JOURNAL: readonly Column<WireRotation['Journal'][number]>[] = [
  { title: 'AT', value: ({ At }) => timeText(At) },
  { title: 'PHASE', value: ({ From, To }) => (From === To ? To : `${From} → ${To}`) },
  { title: 'WHAT', value: ({ Text }) => withShortIds(Text) },
];

/** Everything about one rotation that an operator asks. */
export const rotationView: View<WireRotation> = (rotation, paint) => {
  const gate = rotation.Gates[rotation.Phase];
  const head = facts(
    [
      ['rotation', rotation.ID],
      ['of', `${scopeText(rotation)}, ${rotation.Reason}${rotation.Note === '' ? '' : `: ${rotation.Note}`}`],
      ['phase', rotation.Phase, 'strong'],
      ['health', rotation.Health, stateTone(rotation.Health)],
      ...(rotation.RootID === undefined ? [] : [['root', rotation.RootID] as const]),
      ...(rotation.PreviousRootID === undefined ? [] : [['previous root', rotation.PreviousRootID] as const]),
      ['cross-signed', rotation.CrossSigned ? 'yes' : 'no'],
      ...(rotation.Deadline === undefined ? [] : [['deadline', timeText(rotation.Deadline), 'warning'] as const]),
      ...(gate?.WaitsUntil === undefined ? [] : [['waits until', timeText(gate.WaitsUntil)] as const]),
      ...(rotation.Failure === undefined
        ? []
        : [['failed by', `${rotation.Failure.Reason} [${rotation.Failure.Code}]`, 'bad'] as const]),
      ['possible now', rotation.Possible.length === 0 ? 'nothing: it is finished' : rotation.Possible.join(', ')],
    ],
    paint,
  );
  const waivers = rotation.Waivers.map(
    ({ Datacenter, Node, Reason }) => `waived: ${plainText(`${Datacenter}${Node ? `/${Node}` : ''}: ${Reason}`)}\n`,
  );
  return [
    head,
    `\n${table(DATACENTERS, rotation.Datacenters, paint)}`,
    blockersText('waits for', rotation.Blockers, gate?.BlockerCount ?? rotation.Blockers.length, paint),
    waivers.length === 0 ? '' : `\n${waivers.join('')}`,
    `\n${table(JOURNAL, rotation.Journal.slice(-JOURNAL_LINES), paint)}`,
  ].join('');
};

const LIST: readonly Column<WireRotation>[] = [
  { title: 'ID', value: ({ ID }) => ID },
  { title: 'OF', value: (rotation) => scopeText(rotation) },
  { title: 'REASON', value: ({ Reason }) => Reason },
  { title: 'PHASE', value: ({ Phase }) => Phase, tone: ({ Phase }) => (Phase === 'failed' ? 'bad' : 'plain') },
  { title: 'HEALTH', value: ({ Health }) => Health, tone: ({ Health }) => stateTone(Health) },
  { title: 'STARTED', value: ({ CreatedAt }) => timeText(CreatedAt) },
  { title: 'FINISHED', value: ({ FinishedAt }) => FinishedAt && timeText(FinishedAt) },
];

/** Rotations, one a line. */
export const rotationsView: View<readonly WireRotation[]> = (rotations, paint) =>
  rotations.length === 0 ? 'there was never a rotation\n' : table(LIST, rotations, paint);

/** One line for who follows it: phase, health and the counts that move. */
export const progressText = (rotation: WireRotation): string => {
  const sum = (pick: (each: WireRotation['Datacenters'][number]) => number): number =>
    rotation.Datacenters.reduce((total, each) => total + pick(each), 0);
  const health = rotation.Health === 'running' || isFinished(rotation) ? '' : `, ${rotation.Health}`;
  const [first] = rotation.Blockers;
  const waits = first === undefined ? '' : `: waits for ${first.Node ?? first.Datacenter} (${first.Reason})`;
  const counts: Readonly<Record<string, string>> = {
    distribute: `${sum(({ Agents }) => Agents.Trusting)} of ${counted(
      sum(({ Agents }) => Agents.Live),
      'agent',
    )} trust the next root`,
    activate: `${sum(({ Leaves }) => Leaves.Staying)} of ${sum(({ Leaves }) => Leaves.Staying + Leaves.Leaving)} leaves moved`,
    'rolling-back': `${sum(({ Leaves }) => Leaves.Leaving)} leaves to move back`,
  };
  const count = counts[rotation.Phase];
  const until = rotation.Gates[rotation.Phase]?.WaitsUntil;
  const ends = count === undefined && until !== undefined && !isFinished(rotation) ? ` (until ${timeText(until)})` : '';
  return `${rotation.Phase}${health}${count === undefined ? ends : ` (${count})`}${waits}`;
};

const PHASE_SHARES: Readonly<Record<string, readonly [from: number, to: number]>> = {
  prepare: [0, 0.1],
  distribute: [0.1, 0.3],
  activate: [0.3, 0.7],
  verify: [0.7, 0.85],
  retire: [0.85, 1],
  'rolling-back': [0.1, 1],
};

/** How far a rotation is, 0 to 1: each phase has its part, filled by what it counts. */
export const progressShare = (rotation: WireRotation): number => {
  if (isFinished(rotation)) return 1;
  const [from, to] = PHASE_SHARES[rotation.Phase] ?? [0, 1];
  const pairs = rotation.Datacenters.map(({ Agents, Leaves }): readonly [number, number] => {
    if (rotation.Phase === 'distribute') return [Agents.Trusting, Agents.Live];
    if (rotation.Phase === 'activate') return [Leaves.Staying, Leaves.Staying + Leaves.Leaving];
    return [0, 1];
  });
  const done = pairs.reduce((sum, [part]) => sum + part, 0);
  const all = pairs.reduce((sum, [, whole]) => sum + whole, 0);
  return from + (to - from) * (all === 0 ? 0 : done / all);
};
