import type { FederatedDatacenter } from '../../api/federation.js';
import { DataTable } from '../../parts/data-table.js';
import { countText } from '../../parts/format.js';
import { StateBadge } from '../../parts/state-badge.js';
import { EmptyState } from '../../parts/states.js';

/** How many agents each datacenter has, how many are heard, and which versions they run. */
export function Agents({ datacenters }: { readonly datacenters: readonly FederatedDatacenter[] }) {
  const versions = [...new Set(datacenters.flatMap(({ Agents: { Versions } }) => Object.keys(Versions)))].toSorted();
  return (
    <DataTable<FederatedDatacenter>
      caption="Agents by version"
      rows={datacenters}
      keyOf={({ Name }) => Name}
      empty={<EmptyState title="No datacenter has reported its agents" />}
      columns={[
        { title: 'Datacenter', cell: ({ Name }) => Name },
        {
          title: 'Live',
          cell: ({ Agents: { Live, Total } }) => (
            <StateBadge
              state={Live === Total ? 'ok' : 'late'}
              tone={Total === 0 ? 'quiet' : Live === Total ? 'good' : 'warning'}
              label={`${countText(Live)} of ${countText(Total)}`}
            />
          ),
        },
        ...versions.map((version) => ({
          title: version,
          align: 'end' as const,
          cell: ({ Agents: { Versions } }: FederatedDatacenter) => countText(Versions[version] ?? 0),
        })),
      ]}
    />
  );
}
