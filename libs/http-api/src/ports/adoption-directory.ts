import type { AgentEntry, DatacenterAdoption } from '@banyan/adoption';

/** Which roots this datacenter, and every agent in it, holds and uses. Throws `STORE_UNREACHABLE`. */
export abstract class AdoptionDirectory {
  /** At most about a second old. */
  abstract read(): Promise<DatacenterAdoption>;
  /** Every agent, by name. */
  abstract agents(): Promise<readonly AgentEntry[]>;
}
