import { useMemo, useState } from 'preact/hooks';
import { useLocation } from 'wouter-preact';
import type { ServiceSummary } from '../../api/catalog.js';
import { withQuery } from '../../api/request.js';
import { useResource } from '../../live/resource.js';
import { useDatacenters } from '../../live/use-datacenters.js';
import { useInterval } from '../../live/use-interval.js';
import { countText, plural } from '../../parts/format.js';
import { PageHead, Section } from '../../parts/section.js';
import { StateBadge } from '../../parts/state-badge.js';
import { EmptyState, ResourceView } from '../../parts/states.js';
import { VirtualTable } from '../../parts/virtual-table.js';
import { filteredServices, healthOf, type ServiceFilter } from './service-filter.js';
import { ServiceDetail } from './service-detail.js';
import '../../parts/lists.css';
import './services.css';

/** Events tell of the answering datacenter only; another one is asked again so often. */
const ELSEWHERE_MS = 5_000;

/** Stands for the datacenter whose server answers. */
const HERE = '~';

/** What the catalog of each datacenter holds, the worst first. */
export function ServicesPage() {
  const [location, navigate] = useLocation();
  const [, , dc = HERE, name] = location.split('/').map(decodeURIComponent);
  const datacenter = dc === HERE ? undefined : dc;
  const { here, names } = useDatacenters();
  const path = withQuery('/v1/health/services', { dc: datacenter });
  const services = useResource<readonly ServiceSummary[]>(path, datacenter === undefined ? 'services' : undefined);
  useInterval(services.reload, datacenter === undefined ? undefined : ELSEWHERE_MS);
  const open = (to: string, service?: string): void =>
    navigate(`/services/${encodeURIComponent(to)}${service === undefined ? '' : `/${encodeURIComponent(service)}`}`);
  return (
    <>
      <PageHead
        title="Services"
        aside={
          <label class="inline-field">
            <span class="visually-hidden">Datacenter</span>
            <select value={dc} onChange={(event) => open(event.currentTarget.value)}>
              <option value={HERE}>{here ?? 'this datacenter'}</option>
              {names
                .filter((each) => each !== here)
                .map((each) => (
                  <option key={each} value={each}>
                    {each}
                  </option>
                ))}
            </select>
          </label>
        }
      >
        {services.value === undefined ? '' : summaryOf(services.value)}
      </PageHead>
      {name !== undefined && (
        <ServiceDetail key={`${dc}/${name}`} name={name} datacenter={datacenter} close={() => open(dc)} />
      )}
      <ResourceView resource={services} what="the services" rows={12}>
        {(list) => <List services={list} picked={name} pick={(service) => open(dc, service)} />}
      </ResourceView>
    </>
  );
}

const summaryOf = (services: readonly ServiceSummary[]): string => {
  const own = services.filter(({ Kind }) => Kind !== 'connect-proxy');
  const critical = own.filter(({ Critical }) => Critical > 0).length;
  const instances = own.reduce((sum, { Instances }) => sum + Instances, 0);
  return `${plural(own.length, 'service')} with ${plural(instances, 'instance')}; ${
    critical === 0 ? 'none is critical' : `${countText(critical)} critical`
  }.`;
};

interface ListProps {
  readonly services: readonly ServiceSummary[];
  readonly picked: string | undefined;
  readonly pick: (name: string) => void;
}

function List({ services, picked, pick }: ListProps) {
  const [filter, setFilter] = useState<ServiceFilter>({ search: '', health: 'any', withProxies: false });
  const rows = useMemo(() => filteredServices(services, filter), [services, filter]);
  return (
    <Section title="Catalog">
      <Filters filter={filter} change={setFilter} />
      {rows.length === 0 ? (
        <EmptyState title={services.length === 0 ? 'No service is registered here' : 'No service matches'}>
          <p>
            {services.length === 0
              ? 'A service appears when it is registered with the agent of its host.'
              : 'The search looks into names and tags.'}
          </p>
        </EmptyState>
      ) : (
        // Another filter is another list: it is shown from its beginning.
        <VirtualTable<ServiceSummary>
          key={JSON.stringify(filter)}
          label="Services, the worst first"
          class="service-rows"
          count={rows.length}
          rowAt={(at) => rows[at]}
          keyOf={(at) => rows[at]?.Name ?? at}
          columns={[
            {
              title: 'Service',
              cell: ({ Name }) => (
                <button type="button" class="row-button" aria-pressed={Name === picked} onClick={() => pick(Name)}>
                  {Name}
                </button>
              ),
            },
            { title: 'Health', cell: (service) => <StateBadge state={healthOf(service)} /> },
            {
              title: 'Instances passing',
              align: 'end',
              cell: ({ Passing, Instances }) => `${countText(Passing)} of ${countText(Instances)}`,
            },
            { title: 'Nodes', align: 'end', cell: ({ Nodes }) => countText(Nodes) },
            { title: 'Tags', cell: ({ Tags }) => Tags.join(', ') },
          ]}
        />
      )}
      <p class="list-foot">
        {rows.length === services.length
          ? plural(rows.length, 'row')
          : `${countText(rows.length)} of ${plural(services.length, 'row')}`}
      </p>
    </Section>
  );
}

interface FiltersProps {
  readonly filter: ServiceFilter;
  readonly change: (filter: ServiceFilter) => void;
}

const Filters = ({ filter, change }: FiltersProps) => (
  <div class="filters">
    <label class="field field-wide">
      <span>Search by name or tag</span>
      <input
        type="search"
        value={filter.search}
        onInput={(event) => change({ ...filter, search: event.currentTarget.value })}
      />
    </label>
    <label class="field">
      <span>Health</span>
      <select
        value={filter.health}
        onChange={(event) => change({ ...filter, health: event.currentTarget.value as ServiceFilter['health'] })}
      >
        <option value="any">any</option>
        <option value="not passing">not passing</option>
        <option value="critical">critical</option>
        <option value="warning">warning</option>
        <option value="passing">passing</option>
      </select>
    </label>
    <label class="check">
      <input
        type="checkbox"
        checked={filter.withProxies}
        onChange={(event) => change({ ...filter, withProxies: event.currentTarget.checked })}
      />
      with sidecars
    </label>
  </div>
);
