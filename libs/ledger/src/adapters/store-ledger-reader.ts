import { type ChainPlace, type EpochMs, epochMs } from '@banyan/kernel';
import type { Store } from '@banyan/store';
import type { EntityManager } from 'typeorm';
import { ledgerCheck } from '../domain/chain-check.js';
import { genesisHash, type LedgerEntry } from '../domain/ledger-entry.js';
import { type ChainProof, type LeafHolder, type LedgerQuestion, LedgerReader } from '../ports/ledger-reader.js';
import { entryOf, type IssuanceRow, readCheckpoint, readEntries, readHead } from './ledger-rows.js';

/** Entries per page: about 1 MB, and 10 ms of hashing at a time. */
const PAGE = 1_000;

/** For every holder its newest live leaf. The partial index bounds what is looked at to live leaves. */
const NEWEST = `
SELECT i.uri, i.node, i.accessor_id, i.root_id, i.issuer_key_id, i.not_after
  FROM issuance i
  JOIN (SELECT max(seq) AS seq FROM issuance WHERE kind = 'service' AND not_after > $1
         GROUP BY uri, node, accessor_id) n ON n.seq = i.seq`;

interface HolderRow {
  readonly uri: string;
  readonly node: string;
  readonly accessor_id: string;
  readonly root_id: string;
  readonly not_after: Date;
}

/** The ledger in PostgreSQL. */
export class StoreLedgerReader extends LedgerReader {
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly store: Store,
    private readonly datacenter: string,
  ) {
    super();
  }

  override async search(question: LedgerQuestion): Promise<readonly LedgerEntry[]> {
    const { text, values } = conditionsOf(question);
    const limit = Math.min(Math.max(1, Math.trunc(question.limit)), PAGE);
    const rows = await this.#query<IssuanceRow>(
      `SELECT * FROM issuance ${text} ORDER BY seq DESC LIMIT ${limit}`,
      values,
    );
    return rows.map(entryOf);
  }

  override async *export(after: number, signal: AbortSignal): AsyncIterable<readonly LedgerEntry[]> {
    for (let place = after; ;) {
      signal.throwIfAborted();
      const { value: page } = await this.store.run(({ manager }) => readEntries(manager, place, PAGE));
      const last = page.at(-1);
      if (last === undefined) return;
      yield page;
      if (page.length < PAGE) return;
      place = last.seq;
    }
  }

  /** One walk after the other: each reads the whole ledger over one connection of the pool. */
  override verify(signal: AbortSignal, anchor?: ChainPlace): Promise<ChainProof> {
    const proof = this.#turn.then(() => this.#verify(signal, anchor));
    this.#turn = proof.catch(() => undefined);
    return proof;
  }

  override async live(now: EpochMs, by: 'root' | 'key' = 'root'): Promise<Readonly<Record<string, number>>> {
    const column = by === 'root' ? 'root_id' : 'issuer_key_id';
    const rows = await this.#query<{ name: string; count: string }>(
      `SELECT ${column} AS name, count(*) AS count FROM (${NEWEST}) newest GROUP BY ${column}`,
      [new Date(now)],
    );
    return Object.fromEntries(rows.map(({ name, count }) => [name, Number(count)]));
  }

  override async holdersElsewhere(rootId: string, now: EpochMs, limit: number): Promise<readonly LeafHolder[]> {
    const rows = await this.#query<HolderRow>(
      `SELECT * FROM (${NEWEST}) newest WHERE root_id <> $2 ORDER BY not_after DESC, uri, node LIMIT $3`,
      [new Date(now), rootId, Math.trunc(limit)],
    );
    return rows.map((row) => ({
      uri: row.uri,
      node: row.node,
      accessorId: row.accessor_id,
      rootId: row.root_id,
      notAfter: epochMs(row.not_after.getTime()),
    }));
  }

  /** In one snapshot: what is appended or trimmed meanwhile is no break. */
  async #verify(signal: AbortSignal, anchor: ChainPlace | undefined): Promise<ChainProof> {
    const { value } = await this.store.run(async ({ manager }) => {
      await manager.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
      return this.#walk(manager, signal, anchor);
    });
    return value;
  }

  async #walk(manager: EntityManager, signal: AbortSignal, anchor: ChainPlace | undefined): Promise<ChainProof> {
    const checkpoint = await readCheckpoint(manager, this.datacenter);
    const head = (await readHead(manager)) ?? { seq: 0, hash: genesisHash(this.datacenter) };
    const check = ledgerCheck(checkpoint, anchor);
    for (;;) {
      signal.throwIfAborted();
      const page = await readEntries(manager, check.place.seq, PAGE);
      if (!check.follow(page) || page.length < PAGE) break;
    }
    const firstBreak = check.end(head);
    const proof = { entries: check.entries, checkpoint, head };
    return firstBreak === undefined ? { valid: true, ...proof } : { valid: false, ...proof, firstBreak };
  }

  async #query<R>(text: string, values: readonly unknown[]): Promise<R[]> {
    const { value } = await this.store.run(({ manager }) => manager.query<R[]>(text, [...values]));
    return value;
  }
}

const conditionsOf = (question: LedgerQuestion): { readonly text: string; readonly values: readonly unknown[] } => {
  const { service, serialHex, issuerKeyId, node, since, until, before } = question;
  const wanted: readonly (readonly [string, unknown])[] = [
    [`kind = 'service' AND subject = `, service],
    ['serial = ', serialHex],
    ['issuer_key_id = ', issuerKeyId],
    ['node = ', node],
    ['issued_at >= ', since === undefined ? undefined : new Date(since)],
    ['issued_at < ', until === undefined ? undefined : new Date(until)],
    ['seq < ', before],
  ];
  const given = wanted.filter(([, value]) => value !== undefined);
  const text = given.map(([condition], place) => `${condition}$${place + 1}`).join(' AND ');
  return { text: text === '' ? '' : `WHERE ${text}`, values: given.map(([, value]) => value) };
};
