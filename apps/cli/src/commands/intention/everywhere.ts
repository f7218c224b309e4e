import { BanyanError, isBanyanError, parseGoDuration } from '@banyan/kernel';
import type { Command } from 'commander';
import { withLimit } from '../../output/follow.js';
import { Progress } from '../../output/progress.js';
import type { Session } from '../../session/session.js';
import { federationShape } from '../../wire/federation-shapes.js';
import { EXACT, intentionShape, type WireIntention } from '../../wire/intention-shapes.js';

/** The options of {@link addEverywhereOptions}. */
export interface EverywhereOptions {
  readonly wait?: boolean;
  readonly waitLimit: string;
}

/** --wait and --wait-limit of a write of an intention. */
export const addEverywhereOptions = (command: Command): Command =>
  command
    .option('--wait', 'wait until every datacenter has it (needs operator:read too)')
    .option('--wait-limit <duration>', 'how long at most', '30s');

/** A pair of names. */
export interface Pair {
  readonly source: string;
  readonly destination: string;
}

/** Carried from another datacenter, a refusal may have lost its code on the way: status and text are the contract. */
const isMissing = (error: unknown): boolean =>
  isBanyanError(error, 'INTENTION_NOT_FOUND') ||
  (isBanyanError(error) && error.fields['status'] === 404 && error.message.includes('Intention not found'));

/** The intention of exactly that pair, or undefined. */
export const findIntention = async (
  { api }: Pick<Session, 'api'>,
  pair: Pair,
  signal?: AbortSignal,
): Promise<WireIntention | undefined> => {
  try {
    const request = { path: EXACT, shape: intentionShape, query: { ...pair }, ...(signal && { signal }) };
    return (await api.ask(request)).value;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
};

/**
 * As {@link findIntention}, before a write of that pair. Who may write it may read it: a refused read is left to the write, whose
 * refusal names the right that is missing, and is recorded as the attempt that it is.
 */
export const findBeforeWrite = async (session: Session, pair: Pair): Promise<WireIntention | undefined | 'denied'> => {
  try {
    return await findIntention(session, pair);
  } catch (error) {
    if (isBanyanError(error, 'PERMISSION_DENIED')) return 'denied';
    throw error;
  }
};

const ASK_AGAIN_MS = 200;

/** Asks until `isThere` says so of what the datacenter has; a lost connection is tried again. */
const untilThere = async (
  session: Session,
  pair: Pair,
  wait: { readonly isThere: (found: WireIntention | undefined) => boolean; readonly signal: AbortSignal },
): Promise<void> => {
  const { timers } = session.surroundings;
  while (!wait.signal.aborted) {
    try {
      if (wait.isThere(await findIntention(session, pair, wait.signal))) return;
    } catch (error) {
      if (wait.signal.aborted) return;
      if (!isBanyanError(error, 'SERVER_UNREACHABLE', 'DATACENTER_UNREACHABLE', 'STORE_UNREACHABLE', 'TIMEOUT')) {
        throw error;
      }
    }
    await timers.sleep(ASK_AGAIN_MS, wait.signal).catch(() => undefined);
  }
};

/**
 * With --wait: returns when every datacenter answers as `isThere` wants it. Throws `TIMEOUT` with the names of those that do
 * not; the write is made all the same, and they take it when they can.
 */
export const waitEverywhere = async (
  session: Session,
  options: EverywhereOptions,
  wanted: { readonly pair: Pair; readonly isThere: (found: WireIntention | undefined) => boolean },
): Promise<void> => {
  if (options.wait !== true) return;
  const { Datacenters } = await session.api.get('/v1/operator/federation', federationShape);
  const missing = new Set(Datacenters.map(({ Name }) => Name));
  const progress = new Progress(session.out.errors, 'datacenters');
  const limit = withLimit(session, { ms: parseGoDuration(options.waitLimit), text: 'waited too long' });
  const show = (): void => {
    const share = 1 - missing.size / Datacenters.length;
    progress.update({ share, text: missing.size === 0 ? 'all have it' : `waiting for ${[...missing].join(', ')}` });
  };
  show();
  try {
    await Promise.all(
      Datacenters.map(async ({ Name }) => {
        const there = { ...session, api: session.api.of(Name) };
        try {
          await untilThere(there, wanted.pair, { isThere: wanted.isThere, signal: limit.signal });
        } finally {
          there.api.close();
        }
        if (limit.signal.aborted) return;
        missing.delete(Name);
        show();
      }),
    );
  } finally {
    progress.stop();
    limit.end();
  }
  if (missing.size === 0) return;
  throw new BanyanError('TIMEOUT', `written, but not yet seen in ${[...missing].join(', ')}`, {
    fields: { next: '`banyan replication status` says why they are behind; they take it when they can' },
  });
};
