import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
  type VirtualItem,
} from '@tanstack/virtual-core';
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

export interface VirtualListProps {
  /** What the list holds, for screen readers. */
  readonly label: string;
  readonly count: number;
  /** Every row is as high as this, in pixels. */
  readonly rowHeight: number;
  /** A row's content; asked only for rows near what is in view. */
  readonly row: (index: number) => ComponentChildren;
  readonly keyOf?: (index: number) => string | number;
  /** Told the first and last row in view, for fetching by pages. */
  readonly onRange?: (first: number, last: number) => void;
  /** Above the rows; stays while they scroll. */
  readonly header?: ComponentChildren;
  readonly class?: string;
  /** In pixels; a shorter list takes only the room of its rows. Absent: as the style sheet says. */
  readonly mostHeight?: number;
  /** Of the header, in pixels: counted in with `mostHeight`. */
  readonly headerHeight?: number;
}

/** The frame's own lines. */
const BORDER = 2;

/** Rows beyond each end of what is in view that are kept ready. */
const OVERSCAN = 8;

/** A list of any length of which only the rows in view are in the document. Scrolls by keyboard when it has the focus. */
export function VirtualList(props: VirtualListProps) {
  const { label, count, rowHeight, row, keyOf, onRange, header, mostHeight, headerHeight = 0 } = props;
  const frame = useRef<HTMLDivElement>(null);
  const [, redraw] = useState(0);
  const [virtualizer] = useState(
    () =>
      new Virtualizer<HTMLDivElement, HTMLDivElement>({
        count,
        getScrollElement: () => frame.current,
        estimateSize: () => rowHeight,
        overscan: OVERSCAN,
        observeElementRect,
        observeElementOffset,
        scrollToFn: elementScroll,
      }),
  );
  virtualizer.setOptions({
    ...virtualizer.options,
    count,
    estimateSize: () => rowHeight,
    getItemKey: keyOf ?? ((index) => index),
    onChange: () => redraw((drawn) => drawn + 1),
  });
  useLayoutEffect(() => virtualizer._didMount(), [virtualizer]);
  useLayoutEffect(() => virtualizer._willUpdate());
  const items = virtualizer.getVirtualItems();
  const first = items[0]?.index;
  const last = items.at(-1)?.index;
  useEffect(() => {
    if (first !== undefined && last !== undefined) onRange?.(first, last);
  }, [first, last, count, onRange]);
  return (
    <div
      class={`virtual ${props.class ?? ''}`}
      ref={frame}
      tabIndex={0}
      role="table"
      aria-label={label}
      aria-rowcount={count}
      style={
        mostHeight === undefined
          ? {}
          : { height: `${Math.min(mostHeight, headerHeight + count * rowHeight + BORDER)}px` }
      }
    >
      {header !== undefined && (
        <div class="virtual-header" role="rowgroup">
          {header}
        </div>
      )}
      <div class="virtual-body" role="rowgroup" style={{ height: `${virtualizer.getTotalSize()}px` }}>
        {items.map((item: VirtualItem) => (
          <div
            key={item.key}
            class="virtual-row"
            role="row"
            aria-rowindex={item.index + 1}
            style={{ height: `${rowHeight}px`, transform: `translateY(${item.start}px)` }}
          >
            {row(item.index)}
          </div>
        ))}
      </div>
    </div>
  );
}
