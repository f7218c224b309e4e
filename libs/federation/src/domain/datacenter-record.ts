/** A datacenter of the federation, as every datacenter knows it. */
export interface DatacenterRecord {
  readonly name: string;
  /** host:port of each of its servers for calls of other datacenters, separated by commas; empty while unknown. */
  readonly wanAddress: string;
  readonly isPrimary: boolean;
}

/** Own datacenter first, then by name. */
export const inOrder = (records: readonly DatacenterRecord[], own: string): readonly string[] =>
  records.map((record) => record.name).toSorted((a, b) => Number(b === own) - Number(a === own) || (a < b ? -1 : 1));
