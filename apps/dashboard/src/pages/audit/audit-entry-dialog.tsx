import type { AuditEntry } from '../../api/audit.js';
import { DataTable } from '../../parts/data-table.js';
import { DetailDialog } from '../../parts/detail-dialog.js';
import { StateBadge } from '../../parts/state-badge.js';
import { TimeText } from '../../parts/time-text.js';
import { type Change, changesOf } from '../records/changes.js';

/** One act: who, what, from where, with what result, and what it changed. */
export function AuditEntryDialog({ entry, close }: { readonly entry: AuditEntry; readonly close: () => void }) {
  const { At, TokenName, AccessorID, RemoteAddress, Method, Path, Server, Result, Code, Hash } = entry;
  const texts: readonly (readonly [string, string])[] = [
    ['Token', TokenName],
    ['Accessor', AccessorID],
    ['From', RemoteAddress],
    ['On', entry.Target],
    ['Request', `${Method} ${Path}`.trim()],
    ['Server', Server],
    ['Hash', Hash],
  ];
  const changes = changesOf(entry.Before, entry.After);
  return (
    <DetailDialog title={`${entry.Action}, entry ${entry.Seq}`} close={close}>
      <p>
        <StateBadge state={Result} /> {Code !== '' && <code>{Code}</code>} <code>{At}</code>{' '}
        <span class="muted">
          <TimeText at={At} />
        </span>
      </p>
      <dl class="entry">
        {texts
          .filter(([, text]) => text !== '')
          .map(([name, text]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <code>{text}</code>
              </dd>
            </div>
          ))}
      </dl>
      {changes.length === 0 ? (
        <p class="muted">It changed nothing that is recorded here.</p>
      ) : (
        <DataTable<Change>
          caption="What it changed"
          isCaptionShown
          rows={changes}
          keyOf={({ path }) => path}
          columns={[
            { title: 'Member', cell: ({ path }) => path || 'all of it' },
            { title: 'Before', cell: ({ before }) => <Value text={before} /> },
            { title: 'After', cell: ({ after }) => <Value text={after} /> },
          ]}
        />
      )}
    </DetailDialog>
  );
}

const Value = ({ text }: { readonly text: string | undefined }) =>
  text === undefined ? <span class="muted">nothing</span> : <code>{text}</code>;
