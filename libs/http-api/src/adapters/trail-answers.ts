import { requirePermission } from '@banyan/acl';
import { type Answer, answerParts, begun, type HttpCall } from '@banyan/http-kit';

/** Entries of one page of a search, at most and without `?limit`. */
export const MOST_PER_PAGE = 1_000;
export const USUAL_PAGE = 100;
/** What is carried to another process is held in its memory as a whole: about 3 MB. */
const MOST_CARRIED = 5_000;

/** Trails are for operators only. Throws `PERMISSION_DENIED`. */
export const mayReadTrails = ({ caller }: HttpCall): void =>
  requirePermission(caller, { resource: 'operator', access: 'read' });

/**
 * A page of a search with what begins the next one: `Next` is absent on the last. `entries` are as many as `limit` where
 * there may be more.
 */
export const pageOf = <T extends { readonly seq: number }, W>(
  entries: readonly T[],
  limit: number,
  toWire: (entry: T) => W,
) => {
  const last = entries.at(-1);
  return {
    Entries: entries.map(toWire),
    ...(last !== undefined && entries.length === limit && { Next: last.seq }),
  };
};

/**
 * One entry per line, the oldest first. Through an agent or from another datacenter at most 5,000 lines: whoever gets a
 * full answer asks again after its last number.
 */
export const answerLines = async <T>(
  call: HttpCall,
  pages: AsyncIterable<readonly T[]>,
  toWire: (entry: T) => unknown,
): Promise<Answer> => {
  const most = call.origin === 'socket' ? Infinity : MOST_CARRIED;
  return answerParts(await begun(linesOf(pages, most, toWire)), 'application/jsonl');
};

/** One text per page: a line by itself would be a write by itself. */
async function* linesOf<T>(
  pages: AsyncIterable<readonly T[]>,
  most: number,
  toWire: (entry: T) => unknown,
): AsyncIterable<string> {
  let left = most;
  for await (const page of pages) {
    const taken = page.length > left ? page.slice(0, left) : page;
    left -= taken.length;
    yield taken.map((entry) => `${JSON.stringify(toWire(entry))}\n`).join('');
    if (left === 0) return;
  }
}
