import type { Blocker } from '../../api/rotations.js';
import { DataTable, type Column } from '../../parts/data-table.js';
import { countText, wordsOf } from '../../parts/format.js';

export interface BlockersProps {
  readonly caption: string;
  readonly blockers: readonly Blocker[];
  /** All of them; at most 100 are named. */
  readonly count: number;
  /** Shown beside each: asks whether it shall no longer be waited for. */
  readonly waive?: ((blocker: Blocker) => void) | undefined;
}

/** Who stands in the way, or breaks, by name. */
export function Blockers({ caption, blockers, count, waive }: BlockersProps) {
  const columns: Column<Blocker>[] = [
    { title: 'Who', cell: whoOf },
    { title: 'Why', cell: ({ Reason }) => wordsOf(Reason) },
    { title: 'In detail', cell: ({ Detail }) => Detail },
  ];
  if (waive !== undefined)
    columns.push({
      title: 'Decide',
      cell: (blocker) => (
        <button type="button" class="button" aria-label={`Waive ${whoOf(blocker)}`} onClick={() => waive(blocker)}>
          Waive…
        </button>
      ),
    });
  return (
    <>
      <DataTable
        caption={caption}
        rows={blockers}
        keyOf={({ Datacenter, Node, Reason }) => `${Datacenter}/${Node ?? ''}/${Reason}`}
        columns={columns}
      />
      {count > blockers.length && <p class="muted">and {countText(count - blockers.length)} more</p>}
    </>
  );
}

const whoOf = ({ Datacenter, Node }: Blocker): string => {
  if (Node === undefined) return Datacenter;
  return `${Datacenter} / ${Node === '*' ? 'agents not named' : Node}`;
};
