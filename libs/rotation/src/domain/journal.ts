import { z } from 'zod';
import { PHASES } from './phase.js';

/** One change of a rotation, for a person to read later. */
export const journalEntrySchema = z.object({
  /** ms since 1970 */
  at: z.number(),
  /** Accessor of who asked; `banyan` for what the machine did by itself. */
  actor: z.string().max(64),
  from: z.enum(PHASES),
  event: z.string().max(32),
  to: z.enum(PHASES),
  text: z.string().max(1_024),
});
export type JournalEntry = z.output<typeof journalEntrySchema>;

/** The actor of what no person asked for. */
export const MACHINE = 'banyan';
/** A rotation that nobody disturbs has about 6; 200 at 1,200 bytes bound a record to 240 KB of journal. */
const LONGEST_JOURNAL = 200;

/**
 * Adds an entry and keeps the journal bounded: notes within a phase go first, the oldest first; changes of phase only
 * when nothing else is left.
 */
export const withEntry = (
  { journal, journalDropped }: { readonly journal: readonly JournalEntry[]; readonly journalDropped: number },
  entry: JournalEntry,
): { journal: JournalEntry[]; journalDropped: number } => {
  const longer = [...journal, { ...entry, text: entry.text.slice(0, 1_024) }];
  if (longer.length <= LONGEST_JOURNAL) return { journal: longer, journalDropped };
  const note = longer.findIndex(({ from, to }) => from === to);
  const dropped = note === -1 ? 0 : note;
  return { journal: longer.filter((_, position) => position !== dropped), journalDropped: journalDropped + 1 };
};
