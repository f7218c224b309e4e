/** The datacenters of this federation. */
export abstract class DatacenterDirectory {
  /** Names, the own one first, then by distance or name. */
  abstract names(): readonly string[];
}

/** The servers of this datacenter. */
export abstract class LeaderDirectory {
  /** `host:port` of the server that holds the datacenter's lease; empty when none does. */
  abstract leader(): string;
  /** `host:port` of every server heard of lately. */
  abstract peers(): readonly string[];
}
