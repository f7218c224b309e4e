/** What the agent's API must know of its process. */
export abstract class AgentSettings {
  abstract readonly datacenter: string;
  abstract readonly node: string;
  abstract readonly nodeId: string;
  /** Address at which the services of this node are reached. */
  abstract readonly address: string;
  /** Name of the primary datacenter; empty while unknown. */
  abstract primaryDatacenter(): string;
  /** What holds where no intention matches; told by the servers. */
  abstract defaultAction(): 'allow' | 'deny';
}
