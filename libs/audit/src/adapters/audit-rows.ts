import { type ChainPlace, epochMs, type JsonValue } from '@banyan/kernel';
import type { EntityManager } from 'typeorm';
import type { AuditBeginning } from '../domain/audit-check.js';
import { type AuditEntry, auditGenesis, type AuditPlaces, serverGenesis } from '../domain/audit-entry.js';
import type { AuditResult } from '../domain/audit-record.js';

/** The name under which the datacenter's own place stands among those of its servers. */
const JOINED = '';

/** A row of `audit_entry` as the driver gives it. */
export interface AuditRow {
  readonly seq: string;
  readonly at: Date;
  readonly server: string;
  readonly server_seq: string;
  readonly datacenter: string;
  readonly accessor_id: string;
  readonly token_name: string;
  readonly remote_address: string;
  readonly action: string;
  readonly method: string;
  readonly path: string;
  readonly target: string;
  readonly result: AuditResult;
  readonly code: string;
  readonly before_json: string;
  readonly after_json: string;
  readonly server_prev_hash: Buffer;
  readonly prev_hash: Buffer;
  readonly hash: Buffer;
}

/** The row as an entry. A state that was changed to what is no JSON is shown as text: its hash will not fit. */
export const entryOf = (row: AuditRow): AuditEntry => ({
  seq: Number(row.seq),
  at: epochMs(row.at.getTime()),
  datacenter: row.datacenter,
  server: row.server,
  serverSeq: Number(row.server_seq),
  accessorId: row.accessor_id,
  tokenName: row.token_name,
  remoteAddress: row.remote_address,
  action: row.action,
  method: row.method,
  path: row.path,
  target: row.target,
  result: row.result,
  code: row.code,
  before: state(row.before_json),
  after: state(row.after_json),
  serverPrevHash: row.server_prev_hash.toString('hex'),
  prevHash: row.prev_hash.toString('hex'),
  hash: row.hash.toString('hex'),
});

const state = (text: string): JsonValue => {
  try {
    return JSON.parse(text) as JsonValue;
  } catch (error) {
    if (error instanceof SyntaxError) return { NotJson: text };
    throw error;
  }
};

/** The entries after `after`, at most `limit`, the oldest first. */
export const readEntries = async (
  manager: EntityManager,
  after: number,
  limit: number,
): Promise<readonly AuditEntry[]> => {
  const rows = await manager.query<AuditRow[]>('SELECT * FROM audit_entry WHERE seq > $1 ORDER BY seq LIMIT $2', [
    after,
    limit,
  ]);
  return rows.map(entryOf);
};

interface PlaceRow {
  readonly server: string;
  readonly seq: string;
  readonly hash: Buffer;
}

const placeOf = ({ seq, hash }: PlaceRow): ChainPlace => ({ seq: Number(seq), hash: hash.toString('hex') });

/** All places of a table, or those of nothing written yet. */
const readPlaces = async (
  manager: EntityManager,
  table: 'audit_head' | 'audit_checkpoint',
  datacenter: string,
): Promise<AuditBeginning> => {
  const rows = await manager.query<PlaceRow[]>(`SELECT server, seq, hash FROM ${table}`);
  const places = new Map(rows.map((row) => [row.server, placeOf(row)]));
  const joined = places.get(JOINED) ?? { seq: 0, hash: auditGenesis(datacenter) };
  places.delete(JOINED);
  return { datacenter: joined, servers: places };
};

/** Where the chains end. */
export const readHeads = (manager: EntityManager, datacenter: string): Promise<AuditBeginning> =>
  readPlaces(manager, 'audit_head', datacenter);

/** Where the chains begin: after the last entries that retention took away. */
export const readCheckpoint = (manager: EntityManager, datacenter: string): Promise<AuditBeginning> =>
  readPlaces(manager, 'audit_checkpoint', datacenter);

/** Says where the chains begin from now on. */
export const writeCheckpoint = async (manager: EntityManager, places: AuditBeginning, at: Date): Promise<void> => {
  const all = [[JOINED, places.datacenter] as const, ...places.servers];
  await manager.query(
    `INSERT INTO audit_checkpoint (server, seq, hash, trimmed_at)
     SELECT server, seq, decode(hash, 'hex'), $4 FROM unnest($1::text[], $2::bigint[], $3::text[]) AS p(server, seq, hash)
     ON CONFLICT (server) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, trimmed_at = excluded.trimmed_at`,
    [all.map(([server]) => server), all.map(([, { seq }]) => seq), all.map(([, { hash }]) => hash), at],
  );
};

/** Who adds to the trail. */
export interface AuditWriterName {
  readonly datacenter: string;
  readonly server: string;
}

/**
 * Where the chains end, locked until the transaction does: first the datacenter's, then the server's, in that order by
 * everybody. The first caller makes them.
 */
export const lockHeads = async (manager: EntityManager, writer: AuditWriterName): Promise<AuditPlaces> => {
  const { datacenter, server } = writer;
  const lock = async (): Promise<AuditPlaces | undefined> => {
    const rows = await manager.query<PlaceRow[]>(
      'SELECT server, seq, hash FROM audit_head WHERE server IN ($1, $2) ORDER BY server FOR UPDATE',
      [JOINED, server],
    );
    const [joined, own] = [JOINED, server].map((name) => rows.find((row) => row.server === name));
    return joined && own && { datacenter: placeOf(joined), server: placeOf(own) };
  };
  const heads = await lock();
  if (heads !== undefined) return heads;
  await manager.query(
    `INSERT INTO audit_head (server, seq, hash)
     VALUES ($1, 0, decode($2, 'hex')), ($3, 0, decode($4, 'hex')) ON CONFLICT DO NOTHING`,
    [JOINED, auditGenesis(datacenter), server, serverGenesis(datacenter, server)],
  );
  return (await lock())!;
};

/** One statement: the heads move with the entries or not at all. */
const APPEND = `
WITH joined AS (UPDATE audit_head SET seq = $1, hash = decode($3, 'hex') WHERE server = ''),
     own AS (UPDATE audit_head SET seq = $2, hash = decode($3, 'hex') WHERE server = $4)
INSERT INTO audit_entry (seq, at, server, server_seq, datacenter, accessor_id, token_name, remote_address, action, method,
                         path, target, result, code, before_json, after_json, server_prev_hash, prev_hash, hash)
SELECT seq, at, $4, server_seq, $5, accessor_id, token_name, remote_address, action, method, path, target, result, code,
       before_json, after_json, decode(server_prev_hash, 'hex'), decode(prev_hash, 'hex'), decode(hash, 'hex')
  FROM unnest($6::bigint[], $7::timestamptz[], $8::bigint[], $9::text[], $10::text[], $11::text[], $12::text[],
              $13::text[], $14::text[], $15::text[], $16::text[], $17::text[], $18::text[], $19::text[], $20::text[],
              $21::text[], $22::text[])
    AS e(seq, at, server_seq, accessor_id, token_name, remote_address, action, method, path, target, result, code,
         before_json, after_json, server_prev_hash, prev_hash, hash)`;

/** Appends entries of one server behind the locked heads. */
export const appendEntries = async (manager: EntityManager, entries: readonly AuditEntry[]): Promise<void> => {
  const last = entries.at(-1);
  if (last === undefined) return;
  const column = <T>(read: (entry: AuditEntry) => T): T[] => entries.map(read);
  await manager.query(APPEND, [
    last.seq,
    last.serverSeq,
    last.hash,
    last.server,
    last.datacenter,
    column(({ seq }) => seq),
    column(({ at }) => new Date(at)),
    column(({ serverSeq }) => serverSeq),
    column(({ accessorId }) => accessorId),
    column(({ tokenName }) => tokenName),
    column(({ remoteAddress }) => remoteAddress),
    column(({ action }) => action),
    column(({ method }) => method),
    column(({ path }) => path),
    column(({ target }) => target),
    column(({ result }) => result),
    column(({ code }) => code),
    column(({ before }) => JSON.stringify(before)),
    column(({ after }) => JSON.stringify(after)),
    column(({ serverPrevHash }) => serverPrevHash),
    column(({ prevHash }) => prevHash),
    column(({ hash }) => hash),
  ]);
};
