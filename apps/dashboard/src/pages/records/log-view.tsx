import { useState } from 'preact/hooks';
import { countText, plural } from '../../parts/format.js';
import { DeniedState, EmptyState, ErrorState, LoadingState } from '../../parts/states.js';
import { VirtualTable, type VirtualColumn } from '../../parts/virtual-table.js';
import { ExportButtons } from './export-buttons.js';
import { MOST_ROWS, type Numbered } from './paged-rows.js';
import type { Log } from './use-log.js';

export interface LogViewProps<Row extends Numbered> {
  readonly log: Log<Row>;
  /** What it holds, in a sentence: "the ledger". */
  readonly what: string;
  readonly columns: readonly VirtualColumn<Row>[];
  /** Sets the widths of the columns. */
  readonly class: string;
  /** Columns of a CSV file. */
  readonly csvColumns: readonly string[];
  /** Without an ending. */
  readonly fileName: string;
  /** The server's own export of everything. */
  readonly exportPath: string;
}

/** A log of any length: its rows, how many there are, that there are newer ones, and its exports. */
export function LogView<Row extends Numbered>(props: LogViewProps<Row>) {
  const { log, what, columns, csvColumns, fileName, exportPath } = props;
  const { rows, error, hasNewer, reopen, onRange, source } = log;
  // A list that begins anew is shown from its beginning.
  const [beginnings, setBeginnings] = useState(0);
  if (error?.kind === 'denied') return <DeniedState what={what} error={error} />;
  if (rows === undefined)
    return error === undefined ? (
      <LoadingState what={what} rows={12} />
    ) : (
      <ErrorState what={what} error={error} retry={reopen} />
    );
  const failed = error ?? rows.error;
  return (
    <>
      {failed !== undefined && (
        <ErrorState
          what={what}
          error={failed}
          retry={() => {
            rows.retry();
            if (error !== undefined) reopen();
          }}
        />
      )}
      {rows.count === 0 ? (
        <EmptyState title={source.isDense ? `There is nothing in ${what} yet` : `Nothing in ${what} fits`}>
          <p>
            {source.isDense ? 'Entries appear here as they are written.' : 'Every field that is filled in has to fit.'}
          </p>
        </EmptyState>
      ) : (
        <VirtualTable<Row>
          key={beginnings}
          label={`Entries of ${what}, the newest first`}
          class={props.class}
          columns={columns}
          count={rows.count}
          rowAt={(index) => rows.rowAt(index)}
          onRange={onRange}
        />
      )}
      <div class="list-foot">
        <p role="status">
          {countOf(rows.count, rows.isWhole)}
          {rows.count === MOST_ROWS && '; for older ones narrow the time'}
        </p>
        {hasNewer && (
          <button
            type="button"
            class="button"
            onClick={() => {
              setBeginnings(beginnings + 1);
              reopen();
            }}
          >
            There are newer entries: show them
          </button>
        )}
        <ExportButtons source={source} columns={csvColumns} fileName={fileName} exportPath={exportPath} />
      </div>
    </>
  );
}

const countOf = (count: number, isWhole: boolean): string =>
  isWhole ? plural(count, 'entry', 'entries') : `The first ${countText(count)} entries; scroll for more`;
