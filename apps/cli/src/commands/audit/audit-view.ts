import { z } from 'zod';
import type { Tone } from '../../output/paint.js';
import type { View } from '../../output/output.js';
import { type Column, table } from '../../output/table.js';
import { shortId, timeText } from '../../output/words.js';

/** GET /v1/audit. */
export const auditShape = z.looseObject({
  Entries: z.array(
    z.looseObject({
      Seq: z.number(),
      At: z.string(),
      Server: z.string(),
      AccessorID: z.string(),
      TokenName: z.string(),
      RemoteAddress: z.string(),
      Action: z.string(),
      Target: z.string(),
      Result: z.string(),
      Code: z.string(),
      Before: z.unknown(),
      After: z.unknown(),
    }),
  ),
  Next: z.number().optional(),
});
export type AuditPage = z.infer<typeof auditShape>;
type Entry = AuditPage['Entries'][number];

const TONES: Readonly<Record<string, Tone>> = { ok: 'good', denied: 'warning', failed: 'bad' };

const LONGEST = 60;

const isSomething = (value: unknown): boolean =>
  value !== undefined && value !== null && (typeof value !== 'object' || Object.keys(value).length > 0);

const shortJson = (value: unknown): string => {
  const text = JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
};

/** What was, and what is since. */
const changeText = ({ Before, After }: Entry): string | undefined => {
  if (!isSomething(Before)) return isSomething(After) ? shortJson(After) : undefined;
  return `${shortJson(Before)} => ${isSomething(After) ? shortJson(After) : 'gone'}`;
};

const COLUMNS: readonly Column<Entry>[] = [
  { title: 'SEQ', value: ({ Seq }) => Seq, align: 'right' },
  { title: 'AT', value: ({ At }) => timeText(At) },
  { title: 'WHO', value: ({ TokenName, AccessorID }) => TokenName || shortId(AccessorID) },
  { title: 'FROM', value: ({ RemoteAddress }) => RemoteAddress },
  { title: 'ACTION', value: ({ Action }) => Action, tone: () => 'strong' },
  { title: 'TARGET', value: ({ Target }) => Target },
  {
    title: 'RESULT',
    value: ({ Result, Code }) => [Result, Code].filter(Boolean).join(' '),
    tone: ({ Result }) => TONES[Result] ?? 'bad',
  },
  { title: 'CHANGE', value: changeText },
];

/** Entries of the audit trail. */
export const auditView: View<AuditPage> = ({ Entries, Next }, paint) =>
  Entries.length === 0
    ? 'no entries\n'
    : `${table(COLUMNS, Entries, paint)}${Next === undefined ? '' : `more: --before ${Next}\n`}`;
