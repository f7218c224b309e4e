import { BanyanError, type StateIndex } from '@banyan/kernel';
import type { DataSource, EntityManager } from 'typeorm';
import type { ChangePage, ChangeRecord, Operation, Topic } from '../domain/change.js';
import type { StagedChange } from '../ports/transaction.js';
import { indexOf } from './column-transformers.js';

/** The channel of the hint. The payload is the index; nobody relies on it, because the log is the truth. */
export const HINT_CHANNEL = 'banyan_commit';

/**
 * Takes the next index. The counter's row lock is held until the transaction ends, so that the order in which indexes
 * become visible is their order: a reader that has seen index n has seen everything up to n.
 */
export const takeIndex = async (manager: EntityManager): Promise<StateIndex> => {
  const [rows] = await manager.query<[{ index: string }[], number]>(
    'UPDATE state_counter SET index = index + 1 WHERE id = 1 RETURNING index',
  );
  const row = rows[0];
  if (row === undefined) throw missingCounter();
  return indexOf(row.index);
};

/** The newest index the manager's transaction can see. */
export const readIndex = async (manager: EntityManager): Promise<StateIndex> => {
  const rows = await manager.query<{ index: string }[]>('SELECT index FROM state_counter WHERE id = 1');
  const row = rows[0];
  if (row === undefined) throw missingCounter();
  return indexOf(row.index);
};

/** Logs the changes under `index` and hints at it; PostgreSQL delivers the hint when the transaction commits. */
export const appendToLog = async (
  manager: EntityManager,
  index: StateIndex,
  staged: readonly StagedChange[],
): Promise<void> => {
  const lines = [...new Map(staged.map((change) => [`${change.topic} ${change.key}`, change])).values()];
  await manager.query(
    `INSERT INTO commit_log (index, topic, key, operation, content_hash)
     SELECT $1::bigint, line.* FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) AS line`,
    [
      index,
      lines.map((line) => line.topic),
      lines.map((line) => line.key),
      lines.map((line) => line.operation),
      lines.map((line) => line.contentHash),
    ],
  );
  await manager.query('SELECT pg_notify($1, $2)', [HINT_CHANNEL, String(index)]);
};

interface PageRow {
  readonly latest: string;
  readonly epoch: string;
  readonly oldest: string | null;
  readonly index: string | null;
  readonly topic: Topic;
  readonly key: string;
  readonly operation: Operation;
  readonly content_hash: string;
}

/**
 * One statement, hence one snapshot. The page ends with the transaction that holds the `limit`-th line, so that it can
 * be a little longer than `limit`, and readers never apply half a transaction.
 */
const PAGE = `
SELECT s.index AS latest, s.epoch, (SELECT min(index) FROM commit_log) AS oldest,
       c.index, c.topic, c.key, c.operation, c.content_hash
  FROM state_counter s
  LEFT JOIN commit_log c
    ON c.index > $1
   AND c.index <= (SELECT max(p.index) FROM (SELECT index FROM commit_log WHERE index > $1 ORDER BY index LIMIT $2) p)
 WHERE s.id = 1
 ORDER BY c.index, c.topic, c.key`;

/** Reads the changes after `index`. Every index has at least one line, so that the oldest line bounds what was trimmed. */
export const readPage = async (source: DataSource, index: StateIndex, limit: number): Promise<ChangePage> => {
  const rows = await source.query<PageRow[]>(PAGE, [index, Math.max(1, limit)]);
  const first = rows[0];
  if (first === undefined) throw missingCounter();
  const latest = indexOf(first.latest);
  const complete = first.oldest === null ? latest : indexOf(first.oldest) - 1;
  const changes = rows.flatMap(toRecord);
  return { changes, latest, reachesBack: index >= complete && index <= latest, epoch: first.epoch };
};

/** Forgets all but the newest `keepLast` indexes. Readers that were further behind load everything again. */
export const trim = async (source: DataSource, keepLast: number): Promise<void> => {
  await source.query(
    'DELETE FROM commit_log WHERE index <= (SELECT index FROM state_counter WHERE id = 1) - $1::bigint',
    [Math.max(0, Math.trunc(keepLast))],
  );
};

const toRecord = (row: PageRow): ChangeRecord[] =>
  row.index === null
    ? []
    : [
        {
          index: indexOf(row.index),
          topic: row.topic,
          key: row.key,
          operation: row.operation,
          contentHash: row.content_hash,
        },
      ];

const missingCounter = (): BanyanError =>
  new BanyanError('INTERNAL', 'the row of state_counter is missing: the database was changed by hand');
