import { BanyanError, contentHash } from '@banyan/kernel';
import { RootSteps } from '@banyan/rotation';
import type { Store, Transaction } from '@banyan/store';
import type { Projection } from '@banyan/watch';
import type { ChangeMeaning, MadeRoot, ProviderTrial, RootEffect, RootOrder } from '../src/ports/root-steps.js';

/** Root rows in a table of their own, so that they commit with the rotation's record, or do not. */
export class FakeRootSteps extends RootSteps implements Projection {
  readonly topics = ['root'];
  /** Orders that were asked for, in turn; the options as they came out of the seal. */
  readonly orders: RootOrder[] = [];
  meaningIs: ChangeMeaning = { kind: 'next-root', providerChanges: false };
  trialSays: ProviderTrial = { canCrossSign: true, faults: [] };
  /** Throws before a root is made, while it is set. */
  failWith: BanyanError | undefined;
  /** Runs while a root is being made. */
  during: (() => Promise<void>) | undefined;
  /** Roots that were marked as compromised. */
  readonly tainted: string[] = [];
  #active = '';
  /** Rotated out and still trusted, as this process remembers it. */
  inactive: readonly string[] = [];

  constructor(private readonly store: Store) {
    super();
  }

  async create(): Promise<void> {
    await this.store.dataSource.query(
      'CREATE TABLE fake_root (id text PRIMARY KEY, state text NOT NULL, publishes int)',
    );
    await this.store.dataSource.query(`INSERT INTO fake_root VALUES ('R1', 'active', 0)`);
    await this.load();
  }

  async load(): Promise<void> {
    const states = await this.states();
    this.#active = Object.entries(states).find(([, state]) => state === 'active')?.[0] ?? '';
    this.inactive = Object.keys(states).filter((id) => states[id] === 'inactive');
  }

  apply(tx: Transaction, effect: RootEffect): Promise<void>;
  apply(): Promise<void>;
  /** As a projection: reads again. As root steps: stages the change. */
  async apply(tx?: unknown, effect?: RootEffect): Promise<void> {
    if (effect === undefined) return this.load();
    const transaction = tx as Transaction;
    if (effect.kind === 'taint') this.tainted.push(effect.rootId);
    const states: Record<RootEffect['kind'], readonly (readonly [string, string])[]> = {
      activate: [
        [effect.rootId, 'active'],
        [this.#active, 'inactive'],
      ],
      reactivate: [
        [effect.rootId, 'active'],
        ['insteadOf' in effect ? effect.insteadOf : '', 'inactive'],
      ],
      taint: [],
      drop: [[effect.rootId, 'dropped']],
    };
    for (const [id, state] of states[effect.kind]) this.#stage(transaction, id, state);
    return Promise.resolve();
  }

  override activeRootId(): string {
    return this.#active;
  }

  override meaning({ options }: Pick<RootOrder, 'options'>): Promise<ChangeMeaning> {
    if ('Nonsense' in options) throw new BanyanError('CA_CONFIG_INVALID', 'unknown option "Nonsense"');
    return Promise.resolve(this.meaningIs);
  }

  override trial(): Promise<ProviderTrial> {
    return Promise.resolve(this.trialSays);
  }

  override async make(order: RootOrder): Promise<MadeRoot> {
    this.orders.push(order);
    await this.during?.();
    if (this.failWith !== undefined) throw this.failWith;
    const rootId = `root-of-${order.rotationId.slice(0, 8)}-${this.orders.length}`;
    return {
      rootId,
      previousRootId: this.#active,
      crossSigned: order.crossSign,
      bundleBytes: 612,
      chainBytes: order.crossSign ? 640 : 0,
      publish: (tx) => {
        this.#stage(tx, rootId, 'next');
        return Promise.resolve();
      },
    };
  }

  /** What is committed: id → state; a dropped root is gone. */
  async states(): Promise<Record<string, string>> {
    const rows = await this.store.dataSource.query<{ id: string; state: string }[]>('SELECT id, state FROM fake_root');
    return Object.fromEntries(rows.filter(({ state }) => state !== 'dropped').map(({ id, state }) => [id, state]));
  }

  async published(): Promise<number> {
    const [row] = await this.store.dataSource.query<{ sum: string }[]>('SELECT sum(publishes) FROM fake_root');
    return Number(row?.sum);
  }

  #stage(tx: Transaction, id: string, state: string): void {
    tx.stage({
      topic: 'root',
      key: id,
      operation: 'upsert',
      contentHash: contentHash({ id, state }),
      write: async (manager) => {
        await manager.query(
          `INSERT INTO fake_root VALUES ($1, $2, $3)
           ON CONFLICT (id) DO UPDATE SET state = $2, publishes = fake_root.publishes + $3`,
          [id, state, state === 'next' ? 1 : 0],
        );
      },
    });
  }
}
