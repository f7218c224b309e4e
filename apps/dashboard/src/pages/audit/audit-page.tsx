import { useMemo, useState } from 'preact/hooks';
import type { AuditEntry } from '../../api/audit.js';
import { useSettled } from '../../live/use-settled.js';
import { shortId } from '../../parts/format.js';
import { PageHead, Section } from '../../parts/section.js';
import { StateBadge } from '../../parts/state-badge.js';
import { TimeText } from '../../parts/time-text.js';
import type { VirtualColumn } from '../../parts/virtual-table.js';
import { type LogField, LogFilters, queryOf } from '../records/log-filters.js';
import { LogView } from '../records/log-view.js';
import { Proof } from '../records/proof.js';
import { logSource, useLog } from '../records/use-log.js';
import { AuditEntryDialog } from './audit-entry-dialog.js';
import '../../parts/lists.css';
import '../records/records.css';

const PATH = '/v1/audit';
const TYPING_MS = 300;

const FIELDS: readonly LogField[] = [
  { name: 'actor', title: 'Who (token or accessor)', kind: 'search' },
  { name: 'action', title: 'What', kind: 'text', placeholder: 'intention.write, or rotation.' },
  { name: 'result', title: 'Result', kind: ['ok', 'denied', 'failed'] },
  { name: 'since', title: 'Since', kind: 'time' },
  { name: 'until', title: 'Until', kind: 'time' },
];

const CSV = [
  'Seq',
  'At',
  'Datacenter',
  'Server',
  'AccessorID',
  'TokenName',
  'RemoteAddress',
  'Action',
  'Method',
  'Path',
  'Target',
  'Result',
  'Code',
  'Before',
  'After',
  'Hash',
];

/** Who did or tried what: searched, exported, proved. */
export function AuditPage() {
  const [values, setValues] = useState<Readonly<Record<string, string>>>({});
  const [shown, setShown] = useState<AuditEntry>();
  const settled = useSettled(values, TYPING_MS);
  const source = useMemo(() => logSource<AuditEntry>(PATH, queryOf(FIELDS, settled)), [settled]);
  const log = useLog(source, 'audit');
  return (
    <>
      <PageHead title="Audit">
        Every administrative act and every refused attempt in this datacenter, with what was before and after.
      </PageHead>
      <Section title="Acts">
        <LogFilters fields={FIELDS} values={values} change={setValues} />
        <LogView
          log={log}
          what="the audit trail"
          class="audit-rows"
          columns={columnsOf(setShown)}
          csvColumns={CSV}
          fileName="banyan-audit"
          exportPath={`${PATH}/export`}
        />
      </Section>
      <Proof path={`${PATH}/verify`} what="the audit trail" />
      {shown !== undefined && <AuditEntryDialog entry={shown} close={() => setShown(undefined)} />}
    </>
  );
}

const columnsOf = (show: (entry: AuditEntry) => void): readonly VirtualColumn<AuditEntry>[] => [
  {
    title: 'Number',
    cell: (entry) => (
      <button type="button" class="row-button" aria-label={`Entry ${entry.Seq}`} onClick={() => show(entry)}>
        {entry.Seq}
      </button>
    ),
  },
  { title: 'When', cell: ({ At }) => <TimeText at={At} /> },
  {
    title: 'Who',
    cell: ({ TokenName, AccessorID }) => <span title={AccessorID}>{TokenName || shortId(AccessorID, 8)}</span>,
  },
  { title: 'What', cell: ({ Action }) => <code>{Action}</code> },
  { title: 'On', cell: ({ Target }) => <span title={Target}>{Target}</span> },
  { title: 'Result', cell: ({ Result, Code }) => <StateBadge state={Result} title={Code} /> },
  { title: 'From', cell: ({ RemoteAddress }) => <code>{RemoteAddress}</code> },
];
