import type { Quarantined } from '../../api/replication.js';
import { DataTable } from '../../parts/data-table.js';
import { Section } from '../../parts/section.js';
import { TimeText } from '../../parts/time-text.js';

/** Records that the datacenter cannot take: their last good version stays, the rest is applied. */
export function QuarantineSection({ records }: { readonly records: readonly Quarantined[] }) {
  if (records.length === 0) return null;
  return (
    <Section title="Set aside">
      <p class="muted">
        These records were refused; what stood there before stays. They are tried again every 30 s, and when they
        change.
      </p>
      <DataTable<Quarantined>
        caption="Records that were set aside"
        rows={records}
        keyOf={({ Stream, Topic, Key }) => `${Stream}/${Topic}/${Key}`}
        columns={[
          { title: 'Record', cell: ({ Topic, Key }) => `${Topic} ${Key}` },
          { title: 'Stream', cell: ({ Stream }) => Stream, isSecondary: true },
          { title: 'Code', cell: ({ Code }) => <code>{Code}</code> },
          { title: 'Why', cell: ({ Reason }) => Reason },
          { title: 'Since', cell: ({ Since }) => <TimeText at={Since} /> },
        ]}
      />
    </Section>
  );
}
