import type { JournalEntry, Rotation } from '../../api/rotations.js';
import { DataTable } from '../../parts/data-table.js';
import { countText, shortId, wordsOf } from '../../parts/format.js';
import { Section } from '../../parts/section.js';
import { EmptyState } from '../../parts/states.js';
import { TimeText } from '../../parts/time-text.js';

/** What happened, the newest first. */
export function Journal({ rotation }: { readonly rotation: Rotation }) {
  return (
    <Section title="Journal">
      <DataTable<readonly [number, JournalEntry]>
        caption="Journal of the rotation"
        rows={[...rotation.Journal.entries()].toReversed()}
        keyOf={([place]) => String(place)}
        empty={<EmptyState title="Nothing is written yet" />}
        columns={[
          { title: 'When', cell: ([, { At }]) => <TimeText at={At} /> },
          { title: 'What', cell: ([, { Text }]) => Text },
          {
            title: 'Phase',
            cell: ([, { From, To }]) => (
              <span class="nowrap">{From === To ? wordsOf(To) : `${wordsOf(From)} → ${wordsOf(To)}`}</span>
            ),
          },
          { title: 'Who', cell: ([, { Actor }]) => <span title={Actor}>{shortId(Actor, 8)}</span>, isSecondary: true },
        ]}
      />
      {rotation.JournalDropped > 0 && <p class="muted">{countText(rotation.JournalDropped)} older entries are gone.</p>}
    </Section>
  );
}

/** Whom it no longer waits for; nothing when that is nobody. */
export function Waivers({ rotation }: { readonly rotation: Rotation }) {
  if (rotation.Waivers.length === 0) return null;
  return (
    <Section title="Waived">
      <DataTable<Rotation['Waivers'][number]>
        caption="Who was waived"
        rows={rotation.Waivers}
        keyOf={({ Datacenter, Node, At }) => `${Datacenter}/${Node ?? ''}/${At}`}
        columns={[
          {
            title: 'Who',
            cell: ({ Datacenter, Node }) => (Node === undefined ? Datacenter : `${Datacenter} / ${Node}`),
          },
          { title: 'Why', cell: ({ Reason }) => Reason },
          { title: 'By', cell: ({ By }) => By },
          { title: 'When', cell: ({ At }) => <TimeText at={At} /> },
        ]}
      />
    </Section>
  );
}
