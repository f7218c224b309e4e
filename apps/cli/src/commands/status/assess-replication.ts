import { counted, spanText } from '../../output/words.js';
import type { WireAdoption, WireFederation, WireServers } from '../../wire/federation-shapes.js';
import type { WireReplication, WireReplicationSummary } from '../../wire/replication-shapes.js';
import { type Asked } from './mesh-answers.js';
import { fine, type Finding } from './finding.js';

const FINE_STATES = ['READY', 'STANDBY'];
/** States in which it follows, or will within seconds. */
const MILD_STATES = ['DEGRADED', 'STARTING', 'UNKNOWN'];

/** What to do in each state; docs/how-to/replication.md says more. */
const NEXT: Readonly<Record<string, string>> = {
  WAITING_PRIMARY: 'look at the WAN and at the servers of the primary; it goes on with what it has meanwhile',
  NOT_PERMITTED: 'banyan federation invite <name> --again makes a token; banyan replication use-token, there, takes it',
  ADOPTION_REQUIRED: 'banyan federation adopt --dry-run, at that datacenter',
  TWO_PRIMARIES: 'stop the wrong primary',
  TRUST_DOMAIN_MISMATCH: 'correct BANYAN_PRIMARY_WAN_ADDRESS or the fingerprint there',
  PIN_MISMATCH: 'compare BANYAN_ROOT_FINGERPRINT there with banyan ca roots; then suspect the network',
  VERSION_MISMATCH: 'upgrade the older side',
  ISSUER_NOT_TRUSTED: 'check BANYAN_ROOT_FINGERPRINT there against banyan ca roots',
  EXPIRED: 'it asks anew by pin: check BANYAN_ROOT_FINGERPRINT there',
  CLOCK_SKEW: 'run NTP on both sides',
  DEGRADED: 'banyan replication status shows what is held, set aside or failed',
};

/** Every datacenter's tie to its primary, with the canary that proves it. */
export const assessFederation = ({ Datacenter, Datacenters }: WireFederation): readonly Finding[] =>
  Datacenters.map((each): Finding => {
    const { Name, State, Reason, Canary, Link } = each;
    const at = Name === Datacenter || Link.State === 'self' ? '' : `, link ${Link.State}`;
    const trip = Canary === null ? '' : `, canary ${Canary.State} ${Canary.RoundTripMs ?? '-'} ms`;
    const lag = each.LagSeconds === null ? '' : `, ${each.LagSeconds} s behind`;
    const text = `${Name} (${each.Role}) ${State}${Reason === '' ? '' : `: ${Reason}`}${at}${lag}${trip}`;
    if (!FINE_STATES.includes(State)) {
      const grade = MILD_STATES.includes(State) ? 'warning' : 'failure';
      const next = NEXT[State] ?? `banyan replication status --datacenter ${Name}`;
      return State === 'UNKNOWN' && Link.State !== 'down'
        ? { area: 'replication', grade: 'skipped', text, next: 'ask the primary, which knows all' }
        : { area: 'replication', grade, text, next };
    }
    if (Link.State === 'down') {
      const since = Link.LastContactMs === null ? '' : `, last heard ${spanText(Link.LastContactMs)} ago`;
      return { area: 'replication', grade: 'failure', text: `${text}${since}`, next: NEXT['WAITING_PRIMARY'] ?? '' };
    }
    if (Canary?.State === 'LATE') {
      const next = `banyan replication history --for ${Name} --stream canary; look at the load of its servers`;
      return { area: 'replication', grade: 'failure', text, next };
    }
    return fine('replication', text);
  });

const heldFindings = (summary: WireReplicationSummary): readonly Finding[] => {
  const name = summary.Datacenter;
  return [
    ...summary.Held.map(({ Stream, Deletions, Records, Reason }): Finding => ({
      area: 'replication',
      grade: 'warning',
      text: `${name} holds ${Deletions} deletions of ${Records} ${Stream}: ${Reason}`,
      next: `write the records back at the primary, or banyan replication confirm ${Stream} --datacenter ${name} --dry-run`,
    })),
    ...(summary.Quarantine.length === 0
      ? []
      : [
          {
            area: 'replication',
            grade: 'warning' as const,
            text: `${name} has set ${counted(summary.Quarantine.length, 'record')} aside`,
            next: `banyan replication quarantine --datacenter ${name}`,
          },
        ]),
    ...summary.Alarms.map(({ Code, Reason }): Finding => ({
      area: 'replication',
      grade: 'failure',
      text: `${name}: ${Reason} [${Code}]`,
      next: `banyan replication status --datacenter ${name}`,
    })),
  ];
};

/** What waits for a person: held deletions, records set aside, alarms. */
export const assessHeld = (replication: WireReplication): readonly Finding[] =>
  [replication, ...(replication.Secondaries ?? []).flatMap(({ Replication }) => Replication ?? [])].flatMap(
    heldFindings,
  );

/** Whether a datacenter has servers, and one that leads. */
export const assessServers = ({ Datacenters }: WireFederation, own: WireServers | undefined): readonly Finding[] =>
  Datacenters.filter(({ Servers }) => Servers.length > 0).map(({ Name, Servers }): Finding => {
    const dead = Servers.filter(({ Alive }) => !Alive).map((server) => server.Name);
    const leader = Servers.find(({ Leases, Alive }) => Alive && Leases.length > 0);
    const text = `${Name}: ${Servers.length - dead.length} of ${counted(Servers.length, 'server')} alive`;
    if (leader === undefined) {
      const isOwn = own?.Servers.some(({ Datacenter }) => Datacenter === Name) === true;
      const next = isOwn ? 'its log and /readyz say why; the next one leads within 10 s' : 'look at its servers';
      return { area: 'servers', grade: 'failure', text: `${text}, nobody leads`, next };
    }
    if (dead.length === 0) return fine('servers', `${text}, ${leader.Name} leads`);
    return { area: 'servers', grade: 'warning', text: `${text}: not ${dead.join(', ')}`, next: 'start it again' };
  });

const MOST_LAGGARDS = 5;

/** Agents that are away, or behind with roots and leaves; each datacenter tells of its own. */
export const assessAgents = (adoptions: ReadonlyMap<string, Asked<WireAdoption>>): readonly Finding[] =>
  [...adoptions].flatMap(([name, asked]): readonly Finding[] => {
    if (!('value' in asked)) {
      return [{ area: 'agents', grade: 'skipped', text: `${name} cannot be asked: ${asked.error.message}` }];
    }
    const { Agents, Laggards } = asked.value;
    const text = `${name}: ${Agents.Live} of ${counted(Agents.Total, 'agent')} live`;
    if (Laggards.length === 0) return [fine('agents', `${text}, nobody is behind`)];
    const named = Laggards.slice(0, MOST_LAGGARDS).map(({ Node, Reason }) => `${Node} (${Reason})`);
    const rest = Laggards.length > named.length ? ` and ${Laggards.length - named.length} more` : '';
    return [
      {
        area: 'agents',
        grade: 'warning',
        text: `${text}; behind: ${named.join(', ')}${rest}`,
        next: `start or mend those agents; GET /v1/connect/ca/adoption?dc=${name} says what each lacks`,
      },
    ];
  });
