import { tokenReplica } from '@banyan/acl';
import { CA_REPLICAS, reasonAgainstBundle } from '@banyan/ca';
import { datacenterReplica } from '@banyan/federation';
import { canaryReplica, intentionReplica } from '@banyan/intentions';
import type { ReplicationStream } from '@banyan/replication';
import { rotationReplica } from '@banyan/rotation';

/** What the primary's feed carries, in the order in which it is applied: trust first, then who may do what. */
export const REPLICATION_STREAMS: readonly ReplicationStream[] = [
  {
    name: 'bundle',
    topics: CA_REPLICAS,
    guarded: true,
    object: (local, incoming) => {
      const reason = reasonAgainstBundle(local, incoming);
      return reason === undefined ? undefined : { code: 'ROOT_GENERATION_LOWER', reason };
    },
  },
  { name: 'datacenters', topics: [datacenterReplica], guarded: true },
  // Records for people: nobody decides by them, and the engine takes old ones away.
  { name: 'rotations', topics: [rotationReplica], guarded: false },
  { name: 'tokens', topics: [tokenReplica], guarded: true },
  { name: 'intentions', topics: [intentionReplica], guarded: true },
  // Rewritten every 2 s: last, so that it proves what comes before it.
  { name: 'canary', topics: [canaryReplica], guarded: false },
];
