import type { ComponentChildren } from 'preact';
import { VirtualList } from './virtual-list.js';

export interface VirtualColumn<Row> {
  readonly title: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** Figures stand to the right. */
  readonly align?: 'end';
}

export interface VirtualTableProps<Row> {
  /** What the table lists, for screen readers. */
  readonly label: string;
  readonly columns: readonly VirtualColumn<Row>[];
  readonly count: number;
  /** Undefined while the row is not here yet: it is drawn empty, at its full height. */
  readonly rowAt: (index: number) => Row | undefined;
  readonly keyOf?: (index: number) => string | number;
  /** Told the first and last row near what is in view. */
  readonly onRange?: (first: number, last: number) => void;
  /** Sets the widths of the columns: `.cells` within it. */
  readonly class: string;
  /** In pixels; a shorter table takes only the room of its rows. */
  readonly mostHeight?: number;
}

/** As high as a line with a badge. */
const ROW_HEIGHT = 36;
/** The head with its line. */
const HEADER_HEIGHT = 35;
const MOST_HEIGHT = 640;

/** A table of any length with a head that stays; only rows in view are in the document. */
export function VirtualTable<Row>(props: VirtualTableProps<Row>) {
  const { label, columns, count, rowAt, keyOf, onRange, mostHeight = MOST_HEIGHT } = props;
  return (
    <VirtualList
      label={label}
      count={count}
      rowHeight={ROW_HEIGHT}
      mostHeight={mostHeight}
      headerHeight={HEADER_HEIGHT}
      class={`virtual-table ${props.class}`}
      {...(keyOf !== undefined && { keyOf })}
      {...(onRange !== undefined && { onRange })}
      header={
        <div class="cells" role="row">
          {columns.map(({ title, align }) => (
            <div key={title} role="columnheader" class={align ?? ''}>
              {title}
            </div>
          ))}
        </div>
      }
      row={(index) => {
        const row = rowAt(index);
        return (
          <div class="cells" role="none">
            {columns.map(({ title, cell, align }) => (
              <div key={title} role="cell" class={align ?? ''}>
                {row === undefined ? <span class="cell-coming" aria-label="loading" role="img" /> : cell(row)}
              </div>
            ))}
          </div>
        );
      }}
    />
  );
}
