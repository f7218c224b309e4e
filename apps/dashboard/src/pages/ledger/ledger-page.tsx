import { useMemo, useState } from 'preact/hooks';
import type { LedgerEntry } from '../../api/ledger.js';
import { useSettled } from '../../live/use-settled.js';
import { shortId } from '../../parts/format.js';
import { PageHead, Section } from '../../parts/section.js';
import { TimeText } from '../../parts/time-text.js';
import type { VirtualColumn } from '../../parts/virtual-table.js';
import { type LogField, LogFilters, queryOf } from '../records/log-filters.js';
import { LogView } from '../records/log-view.js';
import { Proof } from '../records/proof.js';
import { logSource, useLog } from '../records/use-log.js';
import { LedgerEntryDialog } from './ledger-entry-dialog.js';
import '../../parts/lists.css';
import '../records/records.css';

const PATH = '/v1/connect/ca/ledger';
const TYPING_MS = 300;

const FIELDS: readonly LogField[] = [
  { name: 'service', title: 'Service', kind: 'search', placeholder: 'web' },
  { name: 'serial', title: 'Serial number', kind: 'text', placeholder: '40:01:0a…' },
  { name: 'issuer', title: 'Issuer (key ID)', kind: 'text' },
  { name: 'node', title: 'Node', kind: 'text' },
  { name: 'since', title: 'Signed since', kind: 'time' },
  { name: 'until', title: 'Signed until', kind: 'time' },
];

const CSV = [
  'Seq',
  'IssuedAt',
  'Kind',
  'Serial',
  'URI',
  'Subject',
  'Node',
  'Reason',
  'IssuerKeyID',
  'RootID',
  'AccessorID',
  'NotBefore',
  'NotAfter',
  'Server',
  'Hash',
];

/** Which certificates this datacenter signed: searched, exported, proved. */
export function LedgerPage() {
  const [values, setValues] = useState<Readonly<Record<string, string>>>({});
  const [shown, setShown] = useState<LedgerEntry>();
  const settled = useSettled(values, TYPING_MS);
  const source = useMemo(() => logSource<LedgerEntry>(PATH, queryOf(FIELDS, settled)), [settled]);
  const log = useLog(source, 'ledger');
  return (
    <>
      <PageHead title="Ledger">
        Every certificate that this datacenter signed, written down before it was handed out.
      </PageHead>
      <Section title="Certificates">
        <LogFilters fields={FIELDS} values={values} change={setValues} />
        <LogView
          log={log}
          what="the ledger"
          class="ledger-rows"
          columns={columnsOf(setShown)}
          csvColumns={CSV}
          fileName="banyan-ledger"
          exportPath={`${PATH}/export`}
        />
      </Section>
      <Proof path={`${PATH}/verify`} what="the ledger" />
      {shown !== undefined && <LedgerEntryDialog entry={shown} close={() => setShown(undefined)} />}
    </>
  );
}

const columnsOf = (show: (entry: LedgerEntry) => void): readonly VirtualColumn<LedgerEntry>[] => [
  {
    title: 'Number',
    cell: (entry) => (
      <button type="button" class="row-button" aria-label={`Entry ${entry.Seq}`} onClick={() => show(entry)}>
        {entry.Seq}
      </button>
    ),
  },
  { title: 'Signed', cell: ({ IssuedAt }) => <TimeText at={IssuedAt} /> },
  { title: 'Kind', cell: ({ Kind }) => Kind },
  { title: 'For', cell: ({ URI, Subject }) => <span title={URI || Subject}>{URI || Subject}</span> },
  { title: 'Node', cell: ({ Node }) => Node },
  { title: 'Because', cell: ({ Reason }) => Reason },
  { title: 'Serial', cell: ({ Serial }) => <code title={Serial}>{shortId(Serial, 11)}</code> },
  { title: 'Ends', cell: ({ NotAfter }) => <TimeText at={NotAfter} /> },
];
