import type { Paint } from '../../output/paint.js';
import type { View } from '../../output/output.js';
import { plainText } from '../../output/plain-text.js';
import { type Column, type Fact, facts, table } from '../../output/table.js';
import { momentText, stateTone } from '../../output/words.js';
import type {
  WireHeld,
  WireQuarantined,
  WireReplication,
  WireReplicationSummary,
  WireStream,
} from '../../wire/replication-shapes.js';

const MOST_DELETIONS = 20;

const STREAMS: readonly Column<WireStream>[] = [
  { title: 'STREAM', value: ({ Stream }) => Stream },
  { title: 'STATE', value: ({ State }) => State, tone: ({ State }) => stateTone(State) },
  { title: 'LAG INDEX', value: ({ LagIndex }) => LagIndex, align: 'right' },
  { title: 'LAG', value: ({ LagSeconds }) => (LagSeconds === null ? 'never' : `${LagSeconds} s`), align: 'right' },
  { title: 'ITEMS', value: ({ Items }) => Items, align: 'right' },
  {
    title: 'HELD',
    value: ({ HeldDeletions }) => HeldDeletions,
    tone: ({ HeldDeletions }) => (HeldDeletions > 0 ? 'warning' : 'plain'),
    align: 'right',
  },
  {
    title: 'QUARANTINED',
    value: ({ Quarantined }) => Quarantined,
    tone: ({ Quarantined }) => (Quarantined > 0 ? 'warning' : 'plain'),
    align: 'right',
  },
  { title: 'FAILED IN A ROW', value: ({ ConsecutiveFailures }) => ConsecutiveFailures, align: 'right' },
  { title: 'REASON', value: ({ State, Code, Reason }) => (State === 'READY' ? undefined : `${Code} ${Reason}`.trim()) },
];

type Secondary = NonNullable<WireReplication['Secondaries']>[number];

const secondaryColumns = (now: number): readonly Column<Secondary>[] => [
  { title: 'SECONDARY', value: ({ Datacenter }) => Datacenter },
  {
    title: 'STATE',
    value: ({ Replication }) => Replication?.State ?? 'UNKNOWN',
    tone: ({ Replication }) => stateTone(Replication?.State ?? 'UNKNOWN'),
  },
  { title: 'CANARY', value: ({ Canary }) => Canary.State, tone: ({ Canary }) => stateTone(Canary.State) },
  {
    title: 'ROUND TRIP',
    value: ({ Canary }) => (Canary.RoundTripMs === null ? undefined : `${Canary.RoundTripMs} ms`),
    align: 'right',
  },
  { title: 'REPORTED', value: ({ ReportedAt }) => momentText(ReportedAt, now) },
  { title: 'REASON', value: ({ Replication }) => Replication?.Reason },
];

/** What is held, with the beginning of what would be deleted. */
export const heldText = (held: readonly WireHeld[], paint: Paint): string =>
  held
    .map(({ Stream, Reason, Records, Deletions, WouldDelete, Hash }) => {
      const named = WouldDelete.slice(0, MOST_DELETIONS).map(
        ({ Topic, Key }) => `  - ${plainText(`${Topic} ${Key}`)}\n`,
      );
      const rest = Deletions > named.length ? `  … and ${Deletions - named.length} more\n` : '';
      return [
        `\n${paint('warning', `held: ${Stream}`)}: ${plainText(Reason)}\n`,
        `  ${Deletions} of ${Records} records would be deleted; hash ${Hash}\n`,
        ...named,
        rest,
      ].join('');
    })
    .join('');

const quarantineColumns = (now: number): readonly Column<WireQuarantined>[] => [
  { title: 'STREAM', value: ({ Stream }) => Stream },
  { title: 'RECORD', value: ({ Topic, Key }) => `${Topic} ${Key}` },
  { title: 'CODE', value: ({ Code }) => Code },
  { title: 'SINCE', value: ({ Since }) => momentText(Since, now) },
  { title: 'REASON', value: ({ Reason }) => Reason },
];

/** The records that are set aside. */
export const quarantineView =
  (now: number): View<readonly WireQuarantined[]> =>
  (records, paint) =>
    records.length === 0 ? 'nothing is set aside\n' : table(quarantineColumns(now), records, paint);

const tokenFact = ({ Token }: WireReplicationSummary): readonly Fact[] => {
  if (Token === undefined) return [];
  const missing = Token.Scopes.filter(({ Allowed }) => !Allowed).map(({ Scope }) => Scope);
  const text = `${Token.AccessorID} (${Token.Origin})`;
  if (missing.length > 0) return [['token', `${text} lacks ${missing.join(', ')}`, 'bad']];
  return [['token', Token.IsWiderThanNeeded ? `${text}, wider than needed` : text]];
};

/** GET /v1/replication as a person reads it. */
export const replicationView =
  (now: number): View<WireReplication> =>
  (value, paint) => {
    const { Canary } = value;
    const trip = Canary.RoundTripMs === null ? '' : `, ${Canary.RoundTripMs} ms of ${Canary.ObjectiveMs} ms allowed`;
    const head = facts(
      [
        ['datacenter', `${value.Datacenter}, ${value.Role}`],
        ['state', value.Reason === '' ? value.State : `${value.State}: ${value.Reason}`, stateTone(value.State)],
        ['canary', `${Canary.State}${trip}`, stateTone(Canary.State)],
        ...tokenFact(value),
      ],
      paint,
    );
    const alarms = value.Alarms.map(
      ({ Code, Reason, At }) => `${paint('bad', 'alarm')} ${momentText(At, now)}: ${plainText(Reason)} [${Code}]\n`,
    );
    const adoption =
      value.Adoption === undefined || value.Adoption.Confirmed
        ? ''
        : `\n${paint('warning', 'this datacenter has a state of its own')}: banyan federation adopt\n`;
    return [
      head,
      alarms.length === 0 ? '' : `\n${alarms.join('')}`,
      value.Streams.length === 0 ? '' : `\n${table(STREAMS, value.Streams, paint)}`,
      value.Secondaries === undefined || value.Secondaries.length === 0
        ? ''
        : `\n${table(secondaryColumns(now), value.Secondaries, paint)}`,
      heldText(value.Held, paint),
      value.Quarantine.length === 0 ? '' : `\n${quarantineView(now)(value.Quarantine, paint)}`,
      adoption,
    ].join('');
  };
