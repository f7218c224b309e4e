import type { FederatedDatacenter } from '../../api/federation.js';
import { countText, millisecondsText, secondsText } from '../../parts/format.js';
import { lifeTone, Meter } from '../../parts/meter.js';
import { Facts } from '../../parts/section.js';
import { StateBadge } from '../../parts/state-badge.js';
import { TimeText } from '../../parts/time-text.js';

export interface DatacenterCardProps {
  readonly datacenter: FederatedDatacenter;
  /** Whether it is the one whose server answers. */
  readonly isHere: boolean;
}

/** One datacenter: its named state, its link, how far behind it is, its canary and its intermediate. */
export function DatacenterCard({ datacenter, isHere }: DatacenterCardProps) {
  const { Name, Role, State, Reason, Link, Canary, Intermediate, WANAddresses, ReportedAt } = datacenter;
  return (
    <article class="section datacenter" aria-label={`Datacenter ${Name}`} data-datacenter={Name}>
      <header class="section-head">
        <h2>
          {Name} <span class="muted datacenter-role">{isHere ? `${Role}, answers this page` : Role}</span>
        </h2>
        <StateBadge state={State} title={Reason} label={State} />
      </header>
      <p class="datacenter-reason">{sentence(Reason)}</p>
      <Facts
        facts={[
          { name: 'WAN link', value: <LinkState link={Link} /> },
          { name: 'Behind', value: <Lag datacenter={datacenter} /> },
          { name: 'Canary round trip', value: <CanaryState canary={Canary} /> },
          {
            name: 'Last report',
            value:
              ReportedAt === null ? (
                <span class="muted">{isHere ? 'its own state' : 'not known here'}</span>
              ) : (
                <TimeText at={ReportedAt} />
              ),
          },
          { name: 'WAN addresses', value: WANAddresses.length === 0 ? '–' : <code>{WANAddresses.join(', ')}</code> },
          {
            name: 'Intermediate, life used',
            value:
              Intermediate === null ? (
                <span class="muted">{State === 'UNKNOWN' ? 'not known here' : 'none yet'}</span>
              ) : (
                <Meter
                  share={Intermediate.LifeUsed}
                  tone={lifeTone(Intermediate.LifeUsed)}
                  label={`life used of the intermediate of ${Name}`}
                />
              ),
          },
        ]}
      />
    </article>
  );
}

function LinkState({ link: { State, LastContactMs } }: { readonly link: FederatedDatacenter['Link'] }) {
  return (
    <>
      <StateBadge state={State} />{' '}
      {LastContactMs !== null && State !== 'self' && <span class="muted">{millisecondsText(LastContactMs)} ago</span>}
    </>
  );
}

function Lag({ datacenter: { Role, LagIndex, LagSeconds } }: { readonly datacenter: FederatedDatacenter }) {
  if (LagIndex === null && LagSeconds === null)
    return <span class="muted">{Role === 'primary' ? 'the source' : 'not known'}</span>;
  return (
    <>
      {LagSeconds === null ? 'not known' : secondsText(LagSeconds)}
      {LagIndex !== null && <span class="muted"> · {countText(LagIndex)} in index</span>}
    </>
  );
}

function CanaryState({ canary }: { readonly canary: FederatedDatacenter['Canary'] }) {
  if (canary === null) return <span class="muted">–</span>;
  return (
    <span class="nowrap" title={`Its objective is ${millisecondsText(canary.ObjectiveMs)}`}>
      <StateBadge state={canary.State} /> {canary.RoundTripMs !== null && millisecondsText(canary.RoundTripMs)}
    </span>
  );
}

/** Reasons of the API are parts of sentences. */
const sentence = (reason: string): string => reason.charAt(0).toUpperCase() + reason.slice(1);
