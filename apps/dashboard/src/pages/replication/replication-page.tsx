import { useState } from 'preact/hooks';
import type { Replication, ReplicationReport } from '../../api/replication.js';
import { useResource } from '../../live/resource.js';
import { plural } from '../../parts/format.js';
import { PageHead, Section } from '../../parts/section.js';
import { StateBadge } from '../../parts/state-badge.js';
import { EmptyState, ResourceView } from '../../parts/states.js';
import { AdoptionSection } from './adoption-section.js';
import { Alarms } from './alarms.js';
import { HeldSection } from './held-section.js';
import { History } from './history.js';
import { Overview } from './overview.js';
import { QuarantineSection } from './quarantine-section.js';
import { Secondaries } from './secondaries.js';
import { Streams } from './streams.js';
import { TokenSection } from './token-section.js';
import '../../parts/lists.css';
import './replication.css';

/** Whether every datacenter decides by what the primary says, how far behind each is, and what waits for a person. */
export function ReplicationPage() {
  const replication = useResource<Replication>('/v1/replication', 'replication');
  return (
    <>
      <PageHead title="Replication">{replication.value === undefined ? '' : summaryOf(replication.value)}</PageHead>
      <ResourceView resource={replication} what="the replication" rows={10}>
        {(value) =>
          value.Secondaries === undefined ? (
            <OneDatacenter report={value} replication={value} reload={replication.reload} />
          ) : (
            <FromThePrimary replication={value} reload={replication.reload} />
          )
        }
      </ResourceView>
    </>
  );
}

const summaryOf = ({ Role, State, Reason, SourceDatacenter, Secondaries = [], Held }: Replication): string => {
  if (Role !== 'primary')
    return `Follows ${SourceDatacenter || 'no primary yet'}: ${State}${Reason === '' ? '' : `, ${Reason}`}.`;
  if (Secondaries.length === 0) return 'The source. No secondary has joined.';
  const late = Secondaries.filter(({ Canary }) => Canary.State !== 'GREEN').map(({ Datacenter }) => Datacenter);
  const held = Held.length + Secondaries.reduce((sum, { Replication: told }) => sum + (told?.Held.length ?? 0), 0);
  return [
    late.length === 0
      ? `The source; ${plural(Secondaries.length, 'secondary', 'secondaries')} in time.`
      : `The source; not in time: ${late.join(', ')}.`,
    held === 0 ? '' : `${plural(held, 'round')} of deletions held.`,
  ].join(' ');
};

interface ViewProps {
  readonly replication: Replication;
  readonly reload: () => void;
}

/** The primary's own view: who follows, and the report of the one that is looked at. */
function FromThePrimary({ replication, reload }: ViewProps) {
  const { Secondaries: secondaries = [], Held, Alarms: alarms } = replication;
  const [picked, setPicked] = useState<string>();
  const shown = secondaries.find(({ Datacenter }) => Datacenter === picked) ?? secondaries[0];
  const own = <HeldSection held={Held} datacenter={undefined} reload={reload} />;
  return (
    <>
      <Alarms alarms={alarms} />
      {Held.length > 0 && own}
      <Section title="Secondaries, as they told it">
        <Secondaries secondaries={secondaries} shown={shown?.Datacenter} pick={setPicked} />
      </Section>
      {shown !== undefined &&
        (shown.Replication == null ? (
          <EmptyState title={`${shown.Datacenter} has not told yet how its replication is`}>
            <p>It reports every three seconds once it has its intermediate and reaches this datacenter.</p>
          </EmptyState>
        ) : (
          <OneDatacenter report={shown.Replication} reload={reload} />
        ))}
    </>
  );
}

interface OneProps {
  readonly report: ReplicationReport;
  /** When it is the answering datacenter's own. */
  readonly replication?: Replication;
  readonly reload: () => void;
}

/** Everything about one secondary: what waits for a person first. */
function OneDatacenter({ report, replication, reload }: OneProps) {
  const elsewhere = replication === undefined ? report.Datacenter : undefined;
  return (
    <>
      <Section
        title={`How ${report.Datacenter} follows ${report.SourceDatacenter || 'its primary'}`}
        aside={<StateBadge state={report.State} title={report.Reason} label={report.State} />}
      >
        <Overview report={report} />
      </Section>
      <Alarms alarms={report.Alarms} />
      {replication?.Adoption !== undefined && <AdoptionSection adoption={replication.Adoption} reload={reload} />}
      <HeldSection held={report.Held} datacenter={elsewhere} reload={reload} />
      <QuarantineSection records={report.Quarantine} />
      <Section title="Streams">
        <Streams streams={report.Streams} />
      </Section>
      <History datacenter={report.Datacenter} objectiveMs={report.Canary.ObjectiveMs} />
      {report.Token !== undefined && <TokenSection token={report.Token} />}
    </>
  );
}
