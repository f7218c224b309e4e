import type { DatacenterProgress, Rotation } from '../../api/rotations.js';
import { DataTable } from '../../parts/data-table.js';
import { countText } from '../../parts/format.js';
import { Meter } from '../../parts/meter.js';
import { StateBadge } from '../../parts/state-badge.js';
import { EmptyState } from '../../parts/states.js';
import { isFinished, shareOf } from './progress.js';

/** How far each datacenter is: its own part, its agents, its leaves by the agents' reports and by the ledger. */
export function DatacentersProgress({ rotation }: { readonly rotation: Rotation }) {
  const { Datacenters, Phase } = rotation;
  return (
    <DataTable<DatacenterProgress>
      caption="Progress by datacenter"
      rows={Datacenters}
      keyOf={({ Datacenter }) => Datacenter}
      empty={<EmptyState title="Nobody has been looked at yet" />}
      columns={[
        { title: 'Datacenter', cell: ({ Datacenter }) => Datacenter },
        {
          title: isFinished(rotation) ? 'At the end' : 'This phase',
          cell: (progress) =>
            progress.Reported ? (
              <Meter
                share={shareOf(Phase, progress)}
                tone={shareOf(Phase, progress) === 1 ? 'good' : 'active'}
                label={`progress of ${progress.Datacenter}`}
              />
            ) : (
              <StateBadge state="unreported" tone="warning" />
            ),
        },
        {
          title: 'Its servers',
          cell: ({ HoldsRoot, Staged }) => (
            <>
              <StateBadge state={HoldsRoot ? 'ok' : 'waiting'} tone={HoldsRoot ? 'good' : 'quiet'} label="trusts" />{' '}
              <StateBadge state={Staged ? 'ok' : 'waiting'} tone={Staged ? 'good' : 'quiet'} label="staged" />
            </>
          ),
        },
        {
          title: 'Agents trusting',
          align: 'end',
          cell: ({ Agents }) => `${countText(Agents.Trusting)} of ${countText(Agents.Live)}`,
        },
        { title: 'Leaves moved', align: 'end', cell: ({ Leaves }) => moved(Leaves) },
        { title: 'By the ledger', align: 'end', cell: ({ LedgerLeaves }) => moved(LedgerLeaves), isSecondary: true },
        { title: 'Shadow failures', align: 'end', cell: ({ Shadow }) => countText(Shadow.Failed) },
      ]}
    />
  );
}

const moved = ({ Staying, Leaving }: { readonly Staying: number; readonly Leaving: number }): string =>
  `${countText(Staying)} of ${countText(Staying + Leaving)}`;
