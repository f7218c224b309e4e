import { useState } from 'preact/hooks';
import type { Adoption, AgentOf, AgentsPage, Laggard, ShadowFailure } from '../../api/adoption.js';
import { withQuery } from '../../api/request.js';
import type { Rotation } from '../../api/rotations.js';
import { useResource } from '../../live/resource.js';
import { DataTable } from '../../parts/data-table.js';
import { countText, plural, shortId } from '../../parts/format.js';
import { Section } from '../../parts/section.js';
import { StateBadge } from '../../parts/state-badge.js';
import { EmptyState, ResourceView } from '../../parts/states.js';
import { TimeText } from '../../parts/time-text.js';
import { VirtualList } from '../../parts/virtual-list.js';

/** The largest page of agents that the API gives; who is behind comes by name in any case. */
const AGENTS = 1_000;
const ROW_HEIGHT = 34;
const MOST_HEIGHT = 340;

/** The agents of one datacenter: who is behind and why, whose handshakes needed the leaving root, and each by name. */
export function AgentsOf({ rotation }: { readonly rotation: Rotation }) {
  const names = rotation.Datacenters.map(({ Datacenter }) => Datacenter);
  const [chosen, choose] = useState<string>();
  const datacenter = chosen ?? names[0];
  return (
    <Section
      title="Agents"
      aside={
        <div class="segments" role="group" aria-label="Datacenter">
          {names.map((name) => (
            <button
              type="button"
              class="button"
              key={name}
              aria-pressed={name === datacenter}
              onClick={() => choose(name)}
            >
              {name}
            </button>
          ))}
        </div>
      }
    >
      {datacenter === undefined ? (
        <EmptyState title="No datacenter has reported yet" />
      ) : (
        <AdoptionOf datacenter={datacenter} rootId={rotation.RootID} />
      )}
    </Section>
  );
}

function AdoptionOf({ datacenter, rootId }: { readonly datacenter: string; readonly rootId: string | undefined }) {
  const adoption = useResource<Adoption>(
    withQuery('/v1/connect/ca/adoption', { dc: datacenter }),
    'rotations',
    'adoption',
  );
  const agents = useResource<AgentsPage>(
    withQuery('/v1/connect/ca/adoption/agents', { dc: datacenter, limit: AGENTS }),
    'rotations',
    'adoption',
  );
  return (
    <div class="stack">
      <ResourceView resource={adoption} what={`the agents of ${datacenter}`} rows={3}>
        {({ Laggards, Shadow }) => (
          <>
            <LaggardTable laggards={Laggards} />
            <ShadowFailures shadow={Shadow} />
          </>
        )}
      </ResourceView>
      <ResourceView resource={agents} what={`the agents of ${datacenter}`} rows={3}>
        {(page) => <AgentList page={page} datacenter={datacenter} rootId={rootId} />}
      </ResourceView>
    </div>
  );
}

const LaggardTable = ({ laggards }: { readonly laggards: readonly Laggard[] }) => (
  <DataTable<Laggard>
    caption="Laggards"
    isCaptionShown
    rows={laggards}
    keyOf={({ Node, Reason }) => `${Node}/${Reason}`}
    empty={<EmptyState title="Nobody is behind" />}
    columns={[
      { title: 'Agent', cell: ({ Node }) => Node },
      { title: 'Why', cell: ({ Reason }) => <StateBadge state={Reason} tone="warning" /> },
      { title: 'In detail', cell: ({ Detail }) => Detail },
      { title: 'Heard', cell: ({ SeenAt }) => <TimeText at={SeenAt} /> },
    ]}
  />
);

const ShadowFailures = ({ shadow }: { readonly shadow: Adoption['Shadow'] }) => (
  <DataTable<ShadowFailure>
    caption={`Shadow verification: ${plural(shadow.Checked, 'handshake')} checked, ${plural(shadow.Probed, 'probe')}`}
    isCaptionShown
    rows={shadow.Failures}
    keyOf={({ Peer, Service, Direction, Reason }) => `${Peer}/${Service}/${Direction}/${Reason}`}
    empty={
      <p class="muted">
        {shadow.RootID === ''
          ? 'Agents verify a second time, without the leaving root, while a rotation is in its phase “verify”.'
          : `Without root ${shortId(shadow.RootID)}: ${plural(shadow.Checked, 'handshake')} and ${plural(shadow.Probed, 'probe')} checked, no failure.`}
      </p>
    }
    columns={[
      { title: 'Peer', cell: ({ Peer }) => Peer },
      { title: 'Service', cell: ({ Service }) => Service },
      { title: 'Direction', cell: ({ Direction }) => Direction },
      { title: 'Why', cell: ({ Reason }) => Reason },
      { title: 'Times', align: 'end', cell: ({ Count }) => countText(Count) },
      { title: 'Last', cell: ({ LastAt }) => <TimeText at={LastAt} /> },
    ]}
  />
);

interface AgentListProps {
  readonly page: AgentsPage;
  readonly datacenter: string;
  readonly rootId: string | undefined;
}

function AgentList({ page: { Agents, Total }, datacenter, rootId }: AgentListProps) {
  if (Agents.length === 0) return <EmptyState title={`No agent of ${datacenter} has been heard yet`} />;
  return (
    <div>
      <h3>
        {Agents.length < Total
          ? `The first ${countText(Agents.length)} of ${plural(Total, 'agent')}`
          : plural(Total, 'agent')}
      </h3>
      <VirtualList
        label={`Agents of ${datacenter}`}
        class="agents"
        mostHeight={MOST_HEIGHT}
        count={Agents.length}
        rowHeight={ROW_HEIGHT}
        keyOf={(index) => Agents[index]!.Node}
        row={(index) => <AgentRow agent={Agents[index]!} rootId={rootId} />}
      />
    </div>
  );
}

function AgentRow({ agent, rootId }: { readonly agent: AgentOf; readonly rootId: string | undefined }) {
  const { Node, Live, Laggard, Report, SeenAt } = agent;
  const holds = rootId !== undefined && Report?.Bundle.includes(rootId) === true;
  const leaves = Object.entries(Report?.Leaves.ByRoot ?? {});
  const under = leaves.filter(([id]) => id === rootId).reduce((sum, [, count]) => sum + count, 0);
  const all = leaves.reduce((sum, [, count]) => sum + count, 0);
  return (
    <>
      <span role="cell" class="agent-name">
        {Node}
      </span>
      <span role="cell">
        <StateBadge
          state={Laggard?.Reason ?? (Live ? 'live' : 'offline')}
          tone={Laggard !== null || !Live ? 'warning' : 'good'}
          title={Laggard?.Detail}
        />
      </span>
      <span role="cell" class="secondary">
        {rootId !== undefined && (holds ? 'trusts the root' : 'lacks the root')}
      </span>
      <span role="cell" class="secondary">
        {Report === null ? 'no report' : `${countText(under)} of ${plural(all, 'leaf', 'leaves')}`}
      </span>
      <span role="cell" class="muted">
        <TimeText at={SeenAt} />
      </span>
    </>
  );
}
