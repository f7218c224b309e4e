import type { ReplicationCanary, ReplicationReport } from '../../api/replication.js';
import { millisecondsText, plural } from '../../parts/format.js';
import { Facts } from '../../parts/section.js';
import { StateBadge } from '../../parts/state-badge.js';
import { TimeText } from '../../parts/time-text.js';

/** How one datacenter is: its state with the reason, and the end-to-end truth, the canary. */
export function Overview({ report }: { readonly report: ReplicationReport }) {
  const { Reason, Canary, Server, AgeMs, Streams, Held, Quarantine } = report;
  const behind = Streams.filter(({ State }) => State !== 'READY').length;
  return (
    <>
      <p class="replication-reason">{Reason}</p>
      <Facts
        facts={[
          { name: 'Canary, end to end', value: <CanaryText canary={Canary} /> },
          { name: 'Canary answered', value: <TimeText at={Canary.AnsweredAt} /> },
          {
            name: 'Streams',
            value: behind === 0 ? `all ${Streams.length} follow` : `${behind} of ${Streams.length} do not follow`,
          },
          { name: 'Held', value: Held.length === 0 ? 'nothing' : plural(Held.length, 'round') },
          { name: 'Set aside', value: Quarantine.length === 0 ? 'nothing' : plural(Quarantine.length, 'record') },
          { name: 'Replicated by', value: <code>{Server || 'nobody yet'}</code> },
          { name: 'Age of this', value: millisecondsText(AgeMs) },
        ]}
      />
    </>
  );
}

/** The canary's state and round trip, beside its objective. */
export function CanaryText({ canary }: { readonly canary: ReplicationCanary }) {
  return (
    <>
      <StateBadge state={canary.State} />{' '}
      {canary.RoundTripMs === null ? '' : `${millisecondsText(canary.RoundTripMs)} `}
      <span class="muted">of {millisecondsText(canary.ObjectiveMs)}</span>
    </>
  );
}
