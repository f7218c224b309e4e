const LEVELS: Readonly<Record<number, string>> = { 20: 'DEBUG', 30: 'INFO ', 40: 'WARN ', 50: 'ERROR' };
/** What stands in every record and is not a field. */
const OWN = new Set(['level', 'time', 'msg']);
/** A value that can stand without quotes: nothing that could end the line or look like another field. */
const BARE = /^[\w.:/@+,-]+$/;

/** A JSON log record as one line for a person: `12:00:00.000 WARN  message name=value`. */
export const formatLine = (json: string): string => {
  const record = JSON.parse(json) as Record<string, unknown>;
  const time = typeof record['time'] === 'number' ? new Date(record['time']).toISOString().slice(11, 23) : '';
  const level = LEVELS[Number(record['level'])] ?? String(record['level']);
  const fields = Object.entries(record)
    .filter(([name]) => !OWN.has(name))
    .map(([name, value]) => ` ${name}=${formatValue(value)}`);
  return `${time} ${level} ${oneLine(String(record['msg']))}${fields.join('')}\n`;
};

const formatValue = (value: unknown): string => {
  if (typeof value === 'string') return BARE.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value);
};

const oneLine = (text: string): string => JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"');
