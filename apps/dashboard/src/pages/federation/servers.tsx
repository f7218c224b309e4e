import type { FederatedDatacenter, FederatedServer } from '../../api/federation.js';
import { DataTable } from '../../parts/data-table.js';
import { StateBadge } from '../../parts/state-badge.js';
import { EmptyState } from '../../parts/states.js';

/** Every known server, with the leases it holds. */
export function Servers({ datacenters }: { readonly datacenters: readonly FederatedDatacenter[] }) {
  const rows = datacenters.flatMap(({ Name, Servers: servers }) =>
    servers.map((server) => ({ ...server, datacenter: Name })),
  );
  return (
    <DataTable<FederatedServer & { readonly datacenter: string }>
      caption="Servers and lease holders"
      rows={rows}
      keyOf={({ ID, datacenter }) => `${datacenter}/${ID}`}
      empty={<EmptyState title="No server has reported yet" />}
      columns={[
        { title: 'Server', cell: ({ Name }) => Name },
        { title: 'Datacenter', cell: ({ datacenter }) => datacenter },
        {
          title: 'State',
          cell: ({ Alive }) => <StateBadge state={Alive ? 'alive' : 'dead'} label={Alive ? 'alive' : 'not heard'} />,
        },
        {
          title: 'Holds',
          cell: ({ Leases }) => (Leases.length === 0 ? <span class="muted">no lease</span> : Leases.join(', ')),
        },
        { title: 'Version', cell: ({ Version }) => Version, isSecondary: true },
      ]}
    />
  );
}
