import { BanyanError, parsedJson } from '@banyan/kernel';
import { z } from 'zod';
import type { Session } from '../../session/session.js';

/** As long as an export of a whole trail may take to be read. */
const LIMIT_MS = 3_600_000;

const numbered = z.looseObject({ Seq: z.number() });

/**
 * The lines of an export, from after a number to the end. An agent carries only so many a call: it is asked again until there
 * are no more. Throws `INTERNAL` for a line without a number.
 */
export async function* exportLines({ api }: Session, path: string, after: number): AsyncGenerator<string> {
  let last = after;
  for (;;) {
    const from = last;
    for await (const line of api.lines({ path, query: { after: last }, limitMs: LIMIT_MS })) {
      if (line === '') continue;
      const entry = numbered.safeParse(parsedJson(line));
      if (!entry.success) throw new BanyanError('INTERNAL', `${path} sent a line that is no entry`);
      last = entry.data.Seq;
      yield line;
    }
    if (last === from) return;
  }
}
