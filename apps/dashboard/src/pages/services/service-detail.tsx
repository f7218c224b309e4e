import type { HealthCheck, ServiceInstance } from '../../api/catalog.js';
import { withQuery } from '../../api/request.js';
import { useResource } from '../../live/resource.js';
import { useInterval } from '../../live/use-interval.js';
import { DataTable } from '../../parts/data-table.js';
import { Section } from '../../parts/section.js';
import { StateBadge } from '../../parts/state-badge.js';
import { EmptyState, ResourceView } from '../../parts/states.js';
import { instanceHealth } from './service-filter.js';

/** As the list of services asks. */
const ELSEWHERE_MS = 5_000;
/** A table of more would be slow; the rest is counted. */
const MOST_SHOWN = 200;

export interface ServiceDetailProps {
  readonly name: string;
  /** Undefined: the answering one. */
  readonly datacenter: string | undefined;
  readonly close: () => void;
}

/** The instances of one service: where each is, and what its checks say. */
export function ServiceDetail({ name, datacenter, close }: ServiceDetailProps) {
  const path = withQuery(`/v1/health/service/${encodeURIComponent(name)}`, { dc: datacenter });
  const instances = useResource<readonly ServiceInstance[]>(path, datacenter === undefined ? 'services' : undefined);
  useInterval(instances.reload, datacenter === undefined ? undefined : ELSEWHERE_MS);
  return (
    <Section
      title={`Instances of ${name}`}
      aside={
        <button type="button" class="button" onClick={close}>
          Close
        </button>
      }
    >
      <ResourceView resource={instances} what={`the instances of ${name}`} rows={3}>
        {(list) => <Instances instances={list} />}
      </ResourceView>
    </Section>
  );
}

function Instances({ instances }: { readonly instances: readonly ServiceInstance[] }) {
  return (
    <>
      <DataTable<ServiceInstance>
        caption="Instances"
        rows={instances.slice(0, MOST_SHOWN)}
        keyOf={({ Node, Service }) => `${Node.Node}/${Service.ID}`}
        empty={
          <EmptyState title="It has no instance any more">
            <p>They were deregistered, or their host has been away for too long.</p>
          </EmptyState>
        }
        columns={[
          { title: 'Instance', cell: ({ Service }) => Service.ID },
          { title: 'Node', cell: ({ Node }) => Node.Node },
          { title: 'Health', cell: (instance) => <StateBadge state={instanceHealth(instance)} /> },
          {
            title: 'Address',
            cell: ({ Service, Node }) => <code>{`${Service.Address || Node.Address}:${Service.Port}`}</code>,
          },
          { title: 'In the mesh', cell: meshText },
          { title: 'Checks', cell: ({ Checks }) => <CheckList checks={Checks} /> },
          { title: 'Tags', cell: ({ Service }) => Service.Tags.join(', '), isSecondary: true },
        ]}
      />
      {instances.length > MOST_SHOWN && (
        <p class="list-foot">
          The first {MOST_SHOWN} of {instances.length}.
        </p>
      )}
    </>
  );
}

const meshText = ({ Service: { Kind, Proxy, Connect } }: ServiceInstance): string => {
  if (Kind === 'connect-proxy') return `sidecar of ${Proxy?.DestinationServiceName ?? 'nobody'}`;
  return Connect.Native === true ? 'native' : 'by its sidecar, if any';
};

const CheckList = ({ checks }: { readonly checks: readonly HealthCheck[] }) => (
  <ul class="checks">
    {checks.length === 0 && <li class="muted">none</li>}
    {checks.map(({ CheckID, Name, Status, Output }) => (
      <li key={CheckID}>
        <StateBadge state={Status} label={`${Name || CheckID}: ${Status}`} title={Output} />
        {Status !== 'passing' && Output !== '' && <span class="muted"> {Output}</span>}
      </li>
    ))}
  </ul>
);
