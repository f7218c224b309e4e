import type { Secondary } from '../../api/replication.js';
import { DataTable } from '../../parts/data-table.js';
import { countText, millisecondsText, secondsText } from '../../parts/format.js';
import { StateBadge } from '../../parts/state-badge.js';
import { EmptyState } from '../../parts/states.js';
import { CanaryText } from './overview.js';

export interface SecondariesProps {
  readonly secondaries: readonly Secondary[];
  /** Which one is looked at. */
  readonly shown: string | undefined;
  readonly pick: (datacenter: string) => void;
}

/** Every secondary in one line; a click looks at one. */
export function Secondaries({ secondaries, shown, pick }: SecondariesProps) {
  return (
    <DataTable<Secondary>
      caption="Secondaries, as they told it"
      rows={secondaries}
      keyOf={({ Datacenter }) => Datacenter}
      empty={
        <EmptyState title="No secondary has joined">
          <p>A datacenter joins with the fingerprint of the root and a replication token.</p>
        </EmptyState>
      }
      columns={[
        {
          title: 'Datacenter',
          cell: ({ Datacenter }) => (
            <button
              type="button"
              class="row-button"
              aria-pressed={Datacenter === shown}
              onClick={() => pick(Datacenter)}
            >
              {Datacenter}
            </button>
          ),
        },
        {
          title: 'State',
          cell: ({ Replication: told }) => (
            <StateBadge state={told?.State ?? 'unknown'} title={told?.Reason} label={told?.State ?? 'not told'} />
          ),
        },
        { title: 'Canary', cell: ({ Canary }) => <CanaryText canary={Canary} /> },
        { title: 'Behind', align: 'end', cell: ({ Replication: told }) => secondsText(mostBehind(told?.Streams)) },
        {
          title: 'Held',
          align: 'end',
          cell: ({ Replication: told }) => countText(sum(told?.Held.map(({ Deletions }) => Deletions))),
        },
        { title: 'Set aside', align: 'end', cell: ({ Replication: told }) => countText(told?.Quarantine.length ?? 0) },
        {
          title: 'Reported',
          cell: ({ AgeMs }) => (AgeMs === null ? 'never' : `${millisecondsText(AgeMs)} ago`),
          isSecondary: true,
        },
      ]}
    />
  );
}

const sum = (counts: readonly number[] = []): number => counts.reduce((total, count) => total + count, 0);

/** Of the stream that is furthest behind; undefined while none has succeeded. */
const mostBehind = (streams: readonly { readonly LagSeconds: number | null }[] = []): number | undefined => {
  const known = streams.flatMap(({ LagSeconds }) => LagSeconds ?? []);
  return known.length === 0 ? undefined : Math.max(...known);
};
