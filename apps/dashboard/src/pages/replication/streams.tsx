import type { ReplicationStream } from '../../api/replication.js';
import { DataTable } from '../../parts/data-table.js';
import { countText, plural, secondsText, shortId } from '../../parts/format.js';
import { StateBadge } from '../../parts/state-badge.js';
import { EmptyState } from '../../parts/states.js';
import { TimeText } from '../../parts/time-text.js';

/** Every stream with its state, its place in the source's history, how far behind it is, and its last error. */
export function Streams({ streams }: { readonly streams: readonly ReplicationStream[] }) {
  return (
    <DataTable<ReplicationStream>
      caption="Streams"
      rows={streams}
      keyOf={({ Stream }) => Stream}
      empty={<EmptyState title="It follows nobody: it is the source" />}
      columns={[
        { title: 'Stream', cell: ({ Stream }) => Stream },
        {
          title: 'State',
          cell: ({ State, Reason }) => <StateBadge state={State} label={State} title={Reason} />,
        },
        {
          title: 'Behind',
          align: 'end',
          cell: ({ LagSeconds }) => (LagSeconds === null ? 'never there' : secondsText(LagSeconds)),
        },
        { title: 'In index', align: 'end', cell: ({ LagIndex }) => countText(LagIndex) },
        {
          title: 'Cursor',
          cell: ({ Epoch, Index, SourceIndex }) => (
            <code title={`epoch ${Epoch}, index ${Index}; the source is at ${SourceIndex}`}>
              {Epoch === '' ? '–' : `${shortId(Epoch, 8)} · ${countText(Index)}`}
            </code>
          ),
        },
        { title: 'Records', align: 'end', cell: ({ Items }) => countText(Items), isSecondary: true },
        { title: 'Last success', cell: ({ LastSuccess }) => <TimeText at={LastSuccess} /> },
        { title: 'Held, set aside', cell: (stream) => <Waiting stream={stream} />, isSecondary: true },
        { title: 'Last error', cell: (stream) => <LastError stream={stream} /> },
      ]}
    />
  );
}

function Waiting({ stream: { HeldDeletions, Quarantined } }: { readonly stream: ReplicationStream }) {
  if (HeldDeletions === 0 && Quarantined === 0) return <span class="muted">nothing</span>;
  return (
    <>
      {HeldDeletions > 0 && plural(HeldDeletions, 'deletion')} {Quarantined > 0 && plural(Quarantined, 'record')}
    </>
  );
}

/** The error of the last failed round, also when rounds succeed again: its age says so. */
function LastError({ stream }: { readonly stream: ReplicationStream }) {
  const { LastError: at, LastErrorCode, LastErrorMessage, ConsecutiveFailures } = stream;
  if (at === null) return <span class="muted">none</span>;
  return (
    <div class="last-error">
      <code>{LastErrorCode}</code> <TimeText at={at} />
      {ConsecutiveFailures > 0 && <strong> {plural(ConsecutiveFailures, 'failure')} in a row</strong>}
      <p class="muted">{LastErrorMessage}</p>
    </div>
  );
}
