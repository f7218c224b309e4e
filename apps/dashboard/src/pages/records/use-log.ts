import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../../api/api-error.js';
import type { LogPage } from '../../api/ledger.js';
import { callApi, withQuery } from '../../api/request.js';
import { sessionKey } from '../../api/session.js';
import { connection, listen, onReconnect } from '../../live/connection.js';
import type { Topic } from '../../live/topics.js';
import { useInterval } from '../../live/use-interval.js';
import { type Numbered, PagedRows, type RowSource } from './paged-rows.js';

/** Somebody who drags the bar passes hundreds of pages: only where they rest is asked for. */
const RESTS_MS = 60;
/** Without a stream of events, as other pages. */
const POLL_MS = 5_000;

/** A log of the API as a page shows it. */
export interface Log<Row extends Numbered> {
  /** Undefined until the first page is there. */
  readonly rows: PagedRows<Row> | undefined;
  readonly source: RowSource<Row>;
  /** Why it could not be opened. */
  readonly error: ApiError | undefined;
  /** Entries came since it was opened, and the reader is not at its beginning, where they would be seen. */
  readonly hasNewer: boolean;
  /** Opens it anew at its beginning. */
  readonly reopen: () => void;
  /** To be told which rows are in view. */
  readonly onRange: (first: number, last: number) => void;
}

/** Where the entries of a log come from, under a filter: parameters of the route. */
export function logSource<Row extends Numbered>(
  path: string,
  filter: Readonly<Record<string, string>>,
): RowSource<Row> {
  return {
    isDense: Object.values(filter).every((value) => value === ''),
    fetch: async (before, limit, signal) => {
      const page = await callApi<LogPage<Row>>(withQuery(path, { ...filter, before, limit }), { signal });
      return { rows: page.Entries, next: page.Next ?? undefined };
    },
  };
}

/**
 * Rows that draw the page again when they change. Made out here: a function made within the hook would hold what the hook held at
 * that time, the rows before included, and those the rows before them, for as long as the page is open.
 */
const rowsOf = <Row extends Numbered>(
  source: RowSource<Row>,
  redraw: (next: (drawn: number) => number) => void,
): PagedRows<Row> => new PagedRows(source, () => redraw((drawn) => drawn + 1));

/**
 * Opens a log and keeps its beginning current: who looks at the newest entries sees further ones come, who has scrolled down
 * keeps the place and is told that there are.
 */
export function useLog<Row extends Numbered>(source: RowSource<Row>, topic: Topic): Log<Row> {
  const [opened, setOpened] = useState<{ readonly source: RowSource<Row>; readonly rows: PagedRows<Row> }>();
  const [failed, setFailed] = useState<{ readonly source: RowSource<Row>; readonly error: ApiError }>();
  const [hasNewer, setHasNewer] = useState(false);
  const [turn, setTurn] = useState(0);
  const [, redraw] = useState(0);
  const isAtTop = useRef(true);
  const isOpening = useRef(false);
  const isStale = useRef(false);
  const resting = useRef<ReturnType<typeof setTimeout>>();
  const reopen = useCallback(() => setTurn((turns) => turns + 1), []);
  useEffect(() => {
    const closing = new AbortController();
    const rows = rowsOf(source, redraw);
    isOpening.current = true;
    isStale.current = false;
    rows.open(closing.signal).then(
      () => {
        if (closing.signal.aborted) return;
        isOpening.current = false;
        setOpened({ source, rows });
        setFailed(undefined);
        setHasNewer(false);
        // It was told of more while this was under way.
        if (isStale.current && isAtTop.current) reopen();
        else if (isStale.current) setHasNewer(true);
      },
      (thrown: unknown) => {
        if (closing.signal.aborted) return;
        isOpening.current = false;
        setFailed({ source, error: ApiError.of(thrown) });
      },
    );
    return () => {
      closing.abort();
      rows.close();
    };
  }, [source, turn, reopen, sessionKey.value]);
  useEffect(() => {
    const told = (): void => {
      if (isOpening.current) isStale.current = true;
      else if (isAtTop.current) reopen();
      else setHasNewer(true);
    };
    const ends = [listen(topic, told), onReconnect(told)];
    return () => {
      for (const end of ends) end();
      clearTimeout(resting.current);
    };
  }, [topic, reopen]);
  useInterval(
    () => {
      if (isAtTop.current) reopen();
    },
    connection.value.kind === 'refused' ? POLL_MS : undefined,
  );
  const rows = opened?.source === source ? opened.rows : undefined;
  const onRange = useCallback(
    (first: number, last: number) => {
      isAtTop.current = first === 0;
      clearTimeout(resting.current);
      resting.current = setTimeout(() => rows?.want(first, last), RESTS_MS);
    },
    [rows],
  );
  const error = failed?.source === source ? failed.error : undefined;
  // `rows` changes within itself: whoever draws it is drawn again with this hook.
  return { rows, source, error, hasNewer, reopen, onRange };
}
