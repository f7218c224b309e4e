import type { ChainPlace } from '@banyan/kernel';
import type { Store } from '@banyan/store';
import type { EntityManager } from 'typeorm';
import { AuditCheck } from '../domain/audit-check.js';
import type { AuditEntry } from '../domain/audit-entry.js';
import { type AuditProof, type AuditQuestion, AuditReader } from '../ports/audit-reader.js';
import { type AuditRow, entryOf, readCheckpoint, readEntries, readHeads } from './audit-rows.js';

/** Entries per page: about 1 MB, and 10 ms of hashing at a time. */
const PAGE = 1_000;

/** The audit trail in PostgreSQL. */
export class StoreAuditReader extends AuditReader {
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly store: Store,
    private readonly datacenter: string,
  ) {
    super();
  }

  override async search(question: AuditQuestion): Promise<readonly AuditEntry[]> {
    const { text, values } = conditionsOf(question);
    const limit = Math.min(Math.max(1, Math.trunc(question.limit)), PAGE);
    const order = question.after === undefined ? 'DESC' : 'ASC';
    const { value: rows } = await this.store.run(({ manager }) =>
      manager.query<AuditRow[]>(`SELECT * FROM audit_entry ${text} ORDER BY seq ${order} LIMIT ${limit}`, [...values]),
    );
    return rows.map(entryOf);
  }

  override async *export(after: number, signal: AbortSignal): AsyncIterable<readonly AuditEntry[]> {
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

  /** One walk after the other: each reads the whole trail over one connection of the pool. */
  override verify(signal: AbortSignal, anchor?: ChainPlace): Promise<AuditProof> {
    const proof = this.#turn.then(() => this.#verify(signal, anchor));
    this.#turn = proof.catch(() => undefined);
    return proof;
  }

  /** In one snapshot: what is appended or trimmed meanwhile is no break. */
  async #verify(signal: AbortSignal, anchor: ChainPlace | undefined): Promise<AuditProof> {
    const { value } = await this.store.run(async ({ manager }) => {
      await manager.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
      return this.#walk(manager, signal, anchor);
    });
    return value;
  }

  async #walk(manager: EntityManager, signal: AbortSignal, anchor: ChainPlace | undefined): Promise<AuditProof> {
    const checkpoint = await readCheckpoint(manager, this.datacenter);
    const heads = await readHeads(manager, this.datacenter);
    const check = new AuditCheck(this.datacenter, checkpoint, anchor);
    for (;;) {
      signal.throwIfAborted();
      const page = await readEntries(manager, check.place.seq, PAGE);
      if (!check.follow(page) || page.length < PAGE) break;
    }
    const firstBreak = check.end(heads);
    const proof = { entries: check.entries, checkpoint, head: heads.datacenter, servers: heads.servers };
    return firstBreak === undefined ? { valid: true, ...proof } : { valid: false, ...proof, firstBreak };
  }
}

const conditionsOf = (question: AuditQuestion): { readonly text: string; readonly values: readonly unknown[] } => {
  const { actor, action, result, since, until, before, after } = question;
  const family = action?.endsWith('.') === true ? action : undefined;
  const wanted: readonly (readonly [string, unknown])[] = [
    ['(accessor_id = $ OR token_name = $)', actor],
    ['action = $', family === undefined ? action : undefined],
    ['starts_with(action, $)', family],
    ['result = $', result],
    ['at >= $', since === undefined ? undefined : new Date(since)],
    ['at < $', until === undefined ? undefined : new Date(until)],
    ['seq < $', before],
    ['seq > $', after],
  ];
  const given = wanted.filter(([, value]) => value !== undefined);
  const text = given.map(([condition], place) => condition.replaceAll('$', `$$${place + 1}`)).join(' AND ');
  return { text: text === '' ? '' : `WHERE ${text}`, values: given.map(([, value]) => value) };
};
