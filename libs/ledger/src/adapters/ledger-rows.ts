import type { Issuance } from '@banyan/ca';
import { type ChainPlace, type EpochMs, epochMs } from '@banyan/kernel';
import type { EntityManager } from 'typeorm';
import { genesisHash, type LedgerEntry } from '../domain/ledger-entry.js';

/** A row of `issuance` as the driver gives it. */
export interface IssuanceRow {
  readonly seq: string;
  readonly kind: Issuance['kind'];
  readonly serial: string;
  readonly uri: string;
  readonly subject: string;
  readonly issuer_key_id: string;
  readonly root_id: string;
  readonly accessor_id: string;
  readonly node: string;
  readonly reason: Issuance['requester']['reason'];
  readonly not_before: Date;
  readonly not_after: Date;
  readonly issued_at: Date;
  readonly server: string;
  readonly prev_hash: Buffer;
  readonly hash: Buffer;
}

const at = (date: Date): EpochMs => epochMs(date.getTime());

/** The row as an entry. */
export const entryOf = (row: IssuanceRow): LedgerEntry => ({
  seq: Number(row.seq),
  issuance: {
    kind: row.kind,
    serialHex: row.serial,
    uri: row.uri,
    subject: row.subject,
    issuerKeyId: row.issuer_key_id,
    rootId: row.root_id,
    requester: { accessorId: row.accessor_id, node: row.node, reason: row.reason },
    notBefore: at(row.not_before),
    notAfter: at(row.not_after),
    issuedAt: at(row.issued_at),
  },
  server: row.server,
  prevHash: row.prev_hash.toString('hex'),
  hash: row.hash.toString('hex'),
});

/** The entries after `after`, at most `limit`, the oldest first. */
export const readEntries = async (
  manager: EntityManager,
  after: number,
  limit: number,
): Promise<readonly LedgerEntry[]> => {
  const rows = await manager.query<IssuanceRow[]>('SELECT * FROM issuance WHERE seq > $1 ORDER BY seq LIMIT $2', [
    after,
    limit,
  ]);
  return rows.map(entryOf);
};

interface PlaceRow {
  readonly seq: string;
  readonly hash: Buffer;
}

const placeOf = (row: PlaceRow | undefined): ChainPlace | undefined =>
  row === undefined ? undefined : { seq: Number(row.seq), hash: row.hash.toString('hex') };

/** Where the chain ends; undefined before the first entry. */
export const readHead = async (manager: EntityManager): Promise<ChainPlace | undefined> =>
  placeOf((await manager.query<PlaceRow[]>('SELECT seq, hash FROM issuance_head WHERE id = 1'))[0]);

/** Where the chain ends, locked until the transaction does; the first caller of a datacenter makes it. */
export const lockHead = async (manager: EntityManager, datacenter: string): Promise<ChainPlace> => {
  const lock = async (): Promise<ChainPlace | undefined> =>
    placeOf((await manager.query<PlaceRow[]>('SELECT seq, hash FROM issuance_head WHERE id = 1 FOR UPDATE'))[0]);
  const head = await lock();
  if (head !== undefined) return head;
  await manager.query(
    `INSERT INTO issuance_head (id, seq, hash) VALUES (1, 0, decode($1, 'hex')) ON CONFLICT DO NOTHING`,
    [genesisHash(datacenter)],
  );
  return (await lock())!;
};

/** Where the chain begins: after the last entry that retention took away. */
export const readCheckpoint = async (manager: EntityManager, datacenter: string): Promise<ChainPlace> =>
  placeOf((await manager.query<PlaceRow[]>('SELECT seq, hash FROM issuance_checkpoint WHERE id = 1'))[0]) ?? {
    seq: 0,
    hash: genesisHash(datacenter),
  };

/** One statement: the head moves with the entries or not at all. */
const APPEND = `
WITH head AS (UPDATE issuance_head SET seq = $1, hash = decode($2, 'hex') WHERE id = 1)
INSERT INTO issuance (seq, kind, serial, uri, subject, issuer_key_id, root_id, accessor_id, node, reason, not_before,
                      not_after, issued_at, server, prev_hash, hash)
SELECT seq, kind, serial, uri, subject, issuer_key_id, root_id, accessor_id, node, reason, not_before, not_after,
       issued_at, server, decode(prev_hash, 'hex'), decode(hash, 'hex')
  FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[],
              $11::text[], $12::text[], $13::timestamptz[], $14::timestamptz[], $15::timestamptz[], $16::text[],
              $17::text[], $18::text[])
    AS e(seq, kind, serial, uri, subject, issuer_key_id, root_id, accessor_id, node, reason, not_before, not_after,
         issued_at, server, prev_hash, hash)`;

/** Appends entries behind the locked head. */
export const appendEntries = async (manager: EntityManager, entries: readonly LedgerEntry[]): Promise<void> => {
  const last = entries.at(-1);
  if (last === undefined) return;
  const column = <T>(read: (entry: LedgerEntry) => T): T[] => entries.map(read);
  const time = (read: (issuance: Issuance) => number): Date[] => column((e) => new Date(read(e.issuance)));
  await manager.query(APPEND, [
    last.seq,
    last.hash,
    column((e) => e.seq),
    column((e) => e.issuance.kind),
    column((e) => e.issuance.serialHex),
    column((e) => e.issuance.uri),
    column((e) => e.issuance.subject),
    column((e) => e.issuance.issuerKeyId),
    column((e) => e.issuance.rootId),
    column((e) => e.issuance.requester.accessorId),
    column((e) => e.issuance.requester.node),
    column((e) => e.issuance.requester.reason),
    time((i) => i.notBefore),
    time((i) => i.notAfter),
    time((i) => i.issuedAt),
    column((e) => e.server),
    column((e) => e.prevHash),
    column((e) => e.hash),
  ]);
};
