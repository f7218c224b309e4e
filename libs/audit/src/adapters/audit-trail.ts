import { AsyncLocalStorage } from 'node:async_hooks';
import { ANONYMOUS_ACCESSOR_ID } from '@banyan/acl';
import {
  BanyanError,
  type ChainPlace,
  type Clock,
  isBanyanError,
  type Logger,
  messageOf,
  MINUTE,
  type Timer,
  type Timers,
} from '@banyan/kernel';
import { GroupCommit, type StagedChange, type Store, TransactionWitness } from '@banyan/store';
import type { EntityManager } from 'typeorm';
import type { ActOutcome, AuditAct } from '../domain/audit-act.js';
import { type AuditEntry, chainedRecords } from '../domain/audit-entry.js';
import type { AuditRecord } from '../domain/audit-record.js';
import { type CountedRefusals, RefusalGate } from '../domain/refusal-gate.js';
import { AuditRecorder } from '../ports/audit-recorder.js';
import { appendEntries, lockHeads } from './audit-rows.js';

/** What {@link AuditTrail} needs. */
export interface AuditTrailOptions {
  readonly datacenter: string;
  /** Name of this server, as it stands in its entries. */
  readonly server: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  /** While an act cannot be recorded: say so and go on, or do nothing. */
  readonly onFailure: 'warn' | 'refuse';
}

/** Amounts since this process started. */
export interface AuditCounts {
  readonly ok: number;
  readonly denied: number;
  readonly failed: number;
  /** Refusals that were counted with others like them. */
  readonly counted: number;
  /** Records that could not be stored. */
  readonly lost: number;
}

/**
 * Entries of their own for five refusals of a kind and 30 altogether in a minute, then one for each kind: a flood leaves at
 * most 61 entries a minute, about 60 MB a day, however long it lasts. Those with a token have a gate of their own.
 */
const REFUSALS = { windowMs: MINUTE, ofOneKind: 5, altogether: 30, kinds: 30 } as const;
const BATCHES = { lingerMs: 2, mostPerBatch: 200, mostWaiting: 2_000 } as const;

/** What copies entries elsewhere, as far as the trail needs to know it. */
export interface AuditCopies {
  /** Why it cannot write at present; undefined while it can. */
  readonly failing: string | undefined;
  /** There are further entries. */
  wake(): void;
}

/** The audit trail in PostgreSQL: an act that writes commits together with its entry. */
export class AuditTrail extends AuditRecorder {
  readonly #acts = new AsyncLocalStorage<AuditAct>();
  readonly #commits: GroupCommit<AuditRecord>;
  readonly #gates = {
    strangers: new RefusalGate<AuditRecord>(REFUSALS),
    known: new RefusalGate<AuditRecord>(REFUSALS),
  };
  readonly #copies: AuditCopies[] = [];
  readonly #counts = { ok: 0, denied: 0, failed: 0, lost: 0 };
  /** The last entry of this server that this process saw committed. */
  #last: ChainPlace | undefined;
  #head = 0;
  #broken: string | undefined;
  #failure: string | undefined;
  #timer: Timer | undefined;

  constructor(private readonly options: AuditTrailOptions) {
    super();
    this.#commits = new GroupCommit({
      name: 'the audit trail',
      timers: options.timers,
      ...BATCHES,
      write: (batch) => this.#write(batch),
    });
    options.store.witnessedBy(new ActWitness((manager, changes) => this.#takeAlong(manager, changes)));
  }

  get counts(): AuditCounts {
    return { ...this.#counts, counted: this.#gates.strangers.counted + this.#gates.known.counted };
  }

  /** Number of the newest entry of this datacenter that this server wrote. */
  get head(): number {
    return this.#head;
  }

  /** What an operator should look at; undefined while all is well. */
  get note(): string | undefined {
    return this.#broken ?? this.#failure ?? this.#copies.find(({ failing }) => failing !== undefined)?.failing;
  }

  /** Adds something that copies entries elsewhere. */
  copiedBy(copies: AuditCopies): void {
    this.#copies.push(copies);
  }

  override current(): AuditAct | undefined {
    return this.#acts.getStore();
  }

  override async admit(): Promise<void> {
    const failing = this.#copies.map((copies) => copies.failing).find((reason) => reason !== undefined);
    if (failing === undefined) return;
    // Whoever writes is who finds out that it works again.
    for (const copies of this.#copies) copies.wake();
    if (this.options.onFailure === 'warn') return;
    throw new BanyanError('AUDIT_UNAVAILABLE', `nothing is done that cannot be recorded: ${failing}`);
  }

  override within<T>(act: AuditAct, work: () => Promise<T>): Promise<T> {
    return this.#acts.run(act, work);
  }

  override async close(act: AuditAct, outcome: ActOutcome): Promise<void> {
    const { isRecorded } = act;
    act.close();
    if (act.wasExecutedElsewhere || (isRecorded && outcome.result === 'ok')) return;
    const record = { ...act.facts, ...outcome, at: this.options.clock.now() };
    if (outcome.result !== 'ok' && !this.#gateOf(record).admits(kindOf(record), record, record.at)) {
      this.#timer ??= this.options.timers.set(REFUSALS.windowMs, () => void this.#tellCounted());
      return;
    }
    await this.#record(record);
  }

  /** Records what was counted, and waits for what is being written. */
  async stop(): Promise<void> {
    this.#timer?.clear();
    await this.#tellCounted();
    await this.#commits.stop();
  }

  async #record(record: AuditRecord): Promise<void> {
    try {
      // Outside of the act: its own transaction is not the act's.
      await this.#acts.exit(() => this.#commits.add(record));
      this.#failure = undefined;
    } catch (error) {
      // Whatever it is: an act without a record is what must be told.
      const code = isBanyanError(error) ? error.code : 'INTERNAL';
      this.#counts.lost += 1;
      this.#failure = `the audit trail is not written: ${code}`;
      this.options.logger.error('an act was not recorded', {
        action: record.action,
        accessorId: record.accessorId,
        result: record.result,
        code,
        reason: messageOf(error),
      });
      if (record.result !== 'ok' || this.options.onFailure === 'warn') return;
      const why = `it was done, but it was not recorded: ${code}`;
      throw new BanyanError('AUDIT_UNAVAILABLE', why, { cause: error });
    }
  }

  #gateOf({ accessorId }: AuditRecord): RefusalGate<AuditRecord> {
    const isStranger = accessorId === '' || accessorId === ANONYMOUS_ACCESSOR_ID;
    return isStranger ? this.#gates.strangers : this.#gates.known;
  }

  async #tellCounted(): Promise<void> {
    this.#timer = undefined;
    const now = this.options.clock.now();
    const { strangers, known } = this.#gates;
    const counted = [...strangers.due(now, true), ...known.due(now, true)];
    await Promise.all(counted.map((each) => this.#recordCounted(each)));
  }

  #recordCounted({ first, more, sameKind, since }: CountedRefusals<AuditRecord>): Promise<void> {
    const now = this.options.clock.now();
    const span = { More: more, Since: new Date(since).toISOString(), Until: new Date(now).toISOString() };
    const others = {
      action: 'refused',
      accessorId: '',
      tokenName: '',
      remoteAddress: '',
      method: '',
      path: '',
      code: '',
    };
    const record: AuditRecord = { ...first, ...(!sameKind && others), target: '', before: null, after: span, at: now };
    return this.#record(record);
  }

  /** The entry of the act in whose course something is written, in that very transaction. */
  async #takeAlong(manager: EntityManager, changes: readonly StagedChange[]): Promise<(() => void) | undefined> {
    const act = this.current();
    if (act === undefined || !act.isOpen) return undefined;
    const [change] = changes;
    if (act.facts.target === '' && change !== undefined) act.learn({ target: `${change.topic}/${change.key}` });
    const entries = await this.#append(manager, [
      { ...act.facts, result: 'ok', code: '', at: this.options.clock.now() },
    ]);
    return () => {
      act.recorded();
      this.#written(entries);
    };
  }

  async #write(records: readonly AuditRecord[]): Promise<void> {
    try {
      const { value } = await this.options.store.run(({ manager }) => this.#append(manager, records));
      this.#written(value);
    } catch (error) {
      throw trailError(error);
    }
  }

  async #append(manager: EntityManager, records: readonly AuditRecord[]): Promise<readonly AuditEntry[]> {
    const { datacenter, server } = this.options;
    const places = await lockHeads(manager, { datacenter, server });
    const cut = this.#cutSince(places.server);
    const entries = chainedRecords(places, cut === undefined ? records : [cut, ...records], { datacenter, server });
    await appendEntries(manager, entries);
    return entries;
  }

  /** This process remembers its last entry: one that is gone since leaves an entry that says so. */
  #cutSince(place: ChainPlace): AuditRecord | undefined {
    const last = this.#last;
    const isKept = last === undefined || place.seq > last.seq || (place.seq === last.seq && place.hash === last.hash);
    if (isKept) return undefined;
    const { server, logger, clock } = this.options;
    this.#broken = `AUDIT_BROKEN: entry ${last.seq} of ${server} was written and is gone`;
    logger.error('the audit trail was changed by hand', { expected: last.seq, found: place.seq });
    const after = { ExpectedSeq: last.seq, ExpectedHash: last.hash, FoundSeq: place.seq, FoundHash: place.hash };
    return { ...BROKEN, at: clock.now(), target: `server/${server}`, after };
  }

  #written(entries: readonly AuditEntry[]): void {
    if (entries[0]?.action === BROKEN.action) this.#last = undefined;
    for (const { result, seq, serverSeq, hash } of entries) {
      this.#counts[result] += 1;
      this.#head = Math.max(this.#head, seq);
      if (serverSeq > (this.#last?.seq ?? 0)) this.#last = { seq: serverSeq, hash };
    }
    for (const copies of this.#copies) copies.wake();
  }
}

/** Beside the port that rooms see: the store knows only this. */
class ActWitness extends TransactionWitness {
  constructor(private readonly look: TransactionWitness['beforeCommit']) {
    super();
  }

  override beforeCommit(manager: EntityManager, changes: readonly StagedChange[]): Promise<(() => void) | undefined> {
    return this.look(manager, changes);
  }
}

const BROKEN: Omit<AuditRecord, 'at'> = {
  action: 'audit.broken',
  accessorId: '',
  tokenName: '',
  remoteAddress: '',
  method: '',
  path: '',
  target: '',
  before: null,
  after: null,
  result: 'failed',
  code: 'AUDIT_BROKEN',
};

/** Refusals of one caller from one host for one reason are like each other, whatever port each came from. */
const kindOf = ({ action, accessorId, remoteAddress, code }: AuditRecord): string =>
  [action, accessorId, remoteAddress.split(' ', 1)[0]!.replace(/:\d+$/, ''), code].join(' ');

/** A lock that was waited for too long is like a database that is away; a number that is taken already is damage. */
const trailError = (error: unknown): unknown => {
  if (!isBanyanError(error, 'CONFLICT')) return error;
  if (error.fields['reason'] === '23505') {
    const what = 'the audit trail has entries behind its head: it was changed by hand, see GET /v1/audit/verify';
    return new BanyanError('AUDIT_BROKEN', what, { cause: error });
  }
  return new BanyanError('STORE_UNREACHABLE', `the audit trail is not free: ${error.message}`, { cause: error });
};
