import type { ServerMembership, ServerRecord } from '@banyan/federation';
import { LeaderDirectory, type ServerEntry, type ServerList } from '@banyan/http-api';
import type { Clock } from '@banyan/kernel';
import { AUTHORITY_LEASE } from '../core/datacenter-core.js';

/** Who serves this datacenter (its leader is the holder of the authority's lease), from memory: as of the last look at the database, every 2 s. */
export class MembershipDirectory extends LeaderDirectory {
  constructor(
    private readonly membership: ServerMembership,
    private readonly clock: Clock,
  ) {
    super();
  }

  override leader(): string {
    return this.membership.holderOf(AUTHORITY_LEASE)?.lanAddress ?? '';
  }

  override peers(): readonly string[] {
    return this.membership.lanAddresses();
  }

  override servers(): ServerList {
    const { servers, lookedAt } = this.membership;
    return {
      ageMs: lookedAt === undefined ? 0 : Math.max(0, this.clock.now() - lookedAt),
      servers: servers.map(entryOf),
    };
  }
}

const entryOf = ({ silentMs, ...server }: ServerRecord): ServerEntry => ({ ...server, lastHeardMs: silentMs });
