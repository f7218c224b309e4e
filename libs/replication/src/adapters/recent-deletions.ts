import type { Transaction } from '@banyan/store';
import { GUARD_WINDOW_MINUTES } from '../domain/deletion-guard.js';
import type { ReplicationStream } from '../domain/replication-stream.js';

const markOf = (stream: string): string => `confirmed ${stream}`;

/**
 * How many records of a stream were deleted here within the window and are still gone. Our own commit log knows it,
 * whichever server applied them and however often it was restarted. A confirmation begins the count anew: somebody looked.
 */
export const recentDeletions = async (
  { manager }: Pick<Transaction, 'manager'>,
  { name, topics }: ReplicationStream,
): Promise<number> => {
  const [row] = await manager.query<{ count: string }[]>(
    `WITH earlier AS (
       SELECT coalesce(max(index), 0) AS index FROM (
         (SELECT index FROM commit_log WHERE committed_at <= now() - make_interval(mins => $2) ORDER BY index DESC LIMIT 1)
         UNION ALL
         (SELECT index FROM commit_log WHERE topic = 'replication' AND key = $3 ORDER BY index DESC LIMIT 1)) places)
     SELECT count(*) AS count FROM (
       SELECT DISTINCT ON (topic, key) operation FROM commit_log
        WHERE index > (SELECT index FROM earlier) AND topic = ANY($1)
        ORDER BY topic, key, index DESC) last
      WHERE operation = 'delete'`,
    [topics.map((topic) => topic.topic), GUARD_WINDOW_MINUTES, markOf(name)],
  );
  return Number(row?.count ?? 0);
};

/** Marks in the log that somebody has confirmed deletions of a stream, in the transaction that applies them. */
export const markConfirmed = (tx: Transaction, stream: string, hash: string): void =>
  tx.stage({
    topic: 'replication',
    key: markOf(stream),
    operation: 'upsert',
    contentHash: hash,
    write: () => Promise.resolve(),
  });
