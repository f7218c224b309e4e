import type { View } from '../../output/output.js';
import { type Column, facts, table } from '../../output/table.js';
import { momentText, percentText, shortId, spanText, stateTone } from '../../output/words.js';
import type { WireDatacenter, WireFederation } from '../../wire/federation-shapes.js';

const leaderOf = ({ Servers }: WireDatacenter): string | undefined =>
  Servers.find(({ Leases }) => Leases.length > 0)?.Name;

const aliveOf = ({ Servers }: WireDatacenter): string =>
  `${Servers.filter(({ Alive }) => Alive).length} of ${Servers.length}`;

const columns = (now: number): readonly Column<WireDatacenter>[] => [
  { title: 'DATACENTER', value: ({ Name }) => Name, tone: () => 'strong' },
  { title: 'ROLE', value: ({ Role }) => Role },
  { title: 'STATE', value: ({ State }) => State, tone: ({ State }) => stateTone(State) },
  {
    title: 'LINK',
    value: ({ Link }) =>
      Link.State === 'down' && Link.LastContactMs !== null ? `down ${spanText(Link.LastContactMs)}` : Link.State,
    tone: ({ Link }) => stateTone(Link.State),
  },
  {
    title: 'LAG',
    value: ({ LagSeconds, LagIndex }) => (LagSeconds === null ? undefined : `${LagSeconds} s (${LagIndex ?? 0})`),
    align: 'right',
  },
  {
    title: 'CANARY',
    value: ({ Canary }) => Canary && `${Canary.State} ${Canary.RoundTripMs ?? '-'} ms`,
    tone: ({ Canary }) => stateTone(Canary?.State ?? 'UNKNOWN'),
  },
  { title: 'SERVERS', value: aliveOf, align: 'right' },
  { title: 'LEADER', value: leaderOf },
  { title: 'AGENTS', value: ({ Agents }) => `${Agents.Live} of ${Agents.Total}`, align: 'right' },
  { title: 'SIGNS UNDER', value: ({ SigningRootID }) => SigningRootID && shortId(SigningRootID) },
  {
    title: 'LIFE USED',
    value: ({ Intermediate }) => Intermediate && percentText(Intermediate.LifeUsed),
    align: 'right',
  },
  { title: 'REPORTED', value: ({ ReportedAt }) => ReportedAt && momentText(ReportedAt, now) },
];

/** GET /v1/operator/federation as a person reads it. */
export const federationView =
  (now: number): View<WireFederation> =>
  (value, paint) => {
    const reasons = value.Datacenters.filter(({ Reason }) => Reason !== '');
    return [
      facts(
        [
          ['trust domain', value.TrustDomain],
          ['primary', value.PrimaryDatacenter],
          ['as known in', value.Datacenter],
        ],
        paint,
      ),
      `\n${table(columns(now), value.Datacenters, paint)}`,
      reasons.length === 0
        ? ''
        : `\n${facts(
            reasons.map(({ Name, State, Reason }) => [Name, Reason, stateTone(State)]),
            paint,
          )}`,
    ].join('');
  };
