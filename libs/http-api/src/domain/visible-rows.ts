import { type Caller, type Permission, permits } from '@banyan/acl';

/** What of a list a caller may see. */
export interface VisibleRows<Row> {
  readonly rows: readonly Row[];
  /** Whether anything was left out; answered as a header, so that an empty list is not taken for the truth. */
  readonly filtered: boolean;
}

/** Leaves out every row for which the caller lacks all of the permissions that would show it. */
export const visibleRows = <Row>(
  caller: Caller,
  rows: readonly Row[],
  anyOf: (row: Row) => readonly Permission[],
): VisibleRows<Row> => {
  const seen = rows.filter((row) => anyOf(row).some((permission) => permits(caller, permission).allowed));
  return { rows: seen, filtered: seen.length !== rows.length };
};
