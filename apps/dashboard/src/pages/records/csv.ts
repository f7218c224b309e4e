/** What begins so is a formula to a spreadsheet: it would be computed, not shown. */
const FORMULA = /^[=+\-@\t\r]/;

/** One cell of a CSV file (RFC 4180): objects as JSON, nothing as an empty cell. */
function cellText(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const inert = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}

/** A line of a CSV file: these members of a row. */
export const csvLine = (row: object, columns: readonly string[]): string => {
  const members = row as Readonly<Record<string, unknown>>;
  return `${columns.map((column) => cellText(members[column])).join(',')}\r\n`;
};

/** The first line of a CSV file. */
export const csvHead = (columns: readonly string[]): string => `${columns.join(',')}\r\n`;
