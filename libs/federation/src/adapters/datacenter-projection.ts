import type { Store } from '@banyan/store';
import type { Projection } from '@banyan/watch';
import { type DatacenterRecord, inOrder } from '../domain/datacenter-record.js';
import { DatacenterRow } from './datacenter.row.js';

export const DATACENTER_TOPICS = ['datacenter'] as const;

/** The federation's datacenters, in memory. */
export class DatacenterProjection implements Projection {
  readonly topics = DATACENTER_TOPICS;
  #records: ReadonlyMap<string, DatacenterRecord> = new Map();

  constructor(
    private readonly store: Store,
    private readonly own: string,
  ) {}

  find(name: string): DatacenterRecord | undefined {
    return this.#records.get(name);
  }

  /** Names, our own first; our own is there even before it is registered. */
  names(): readonly string[] {
    const records = [...this.#records.values()];
    const known = this.#records.has(this.own)
      ? records
      : [...records, { name: this.own, wanAddress: '', isPrimary: false }];
    return inOrder(known, this.own);
  }

  async load(): Promise<void> {
    const rows = await this.store.dataSource.manager.find(DatacenterRow);
    this.#records = new Map(
      rows.map(({ name, wanAddress, isPrimary }) => [name, { name, wanAddress, isPrimary }] as const),
    );
  }

  /** A handful of rows: read again. */
  apply(): Promise<void> {
    return this.load();
  }
}
