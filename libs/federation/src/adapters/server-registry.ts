import { epochMs } from '@banyan/kernel';
import type { Store } from '@banyan/store';
import {
  FORGOTTEN_AFTER_MS,
  GONE_AFTER_MS,
  type HeldLeaseRecord,
  type ServerPresence,
  type ServerRecord,
} from '../domain/server-record.js';

interface Row {
  readonly id: string;
  readonly datacenter: string;
  readonly name: string;
  readonly version: string;
  readonly http_address: string;
  readonly lan_address: string;
  readonly wan_address: string;
  readonly started_at: Date;
  readonly silent_ms: string;
}

interface LeaseRow {
  readonly name: string;
  readonly holder: string;
  readonly fencing: string;
  readonly acquired_at: Date | null;
}

/**
 * The table of the servers of this datacenter. Not state: it takes no index and is not replicated. All time is the
 * database's, so that the clocks of the servers do not matter. Throws `STORE_UNREACHABLE`.
 */
export class ServerRegistry {
  constructor(private readonly store: Store) {}

  /** Says that the server lives. */
  async announce(server: ServerPresence): Promise<void> {
    await this.store.query(
      `INSERT INTO server (id, datacenter, name, version, http_address, lan_address, wan_address, started_at, seen_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, clock_timestamp())
       ON CONFLICT (id) DO UPDATE
       SET datacenter = $2, name = $3, version = $4, http_address = $5, lan_address = $6, wan_address = $7,
           started_at = $8, seen_at = clock_timestamp()`,
      [
        server.id,
        server.datacenter,
        server.name,
        server.version,
        server.httpAddress,
        server.lanAddress,
        server.wanAddress,
        new Date(server.startedAt),
      ],
    );
  }

  /** Says that the server is gone, without waiting until it is missed; it stays known for an hour. */
  async withdraw(id: string): Promise<void> {
    await this.store.query(
      `UPDATE server SET seen_at = clock_timestamp() - $2 * interval '1 millisecond' WHERE id = $1`,
      [id, GONE_AFTER_MS],
    );
  }

  /** Forgets the servers that were not heard for an hour. */
  async sweep(): Promise<void> {
    await this.store.query(`DELETE FROM server WHERE seen_at < clock_timestamp() - $1 * interval '1 millisecond'`, [
      FORGOTTEN_AFTER_MS,
    ]);
  }

  /** Every server that is not forgotten, by name and ID, with the leases that have not run out. */
  async list(): Promise<readonly ServerRecord[]> {
    const rows = await this.store.query<Row>(
      `SELECT id, datacenter, name, version, http_address, lan_address, wan_address, started_at,
              extract(epoch FROM clock_timestamp() - seen_at) * 1000 AS silent_ms
         FROM server ORDER BY name, id`,
      [],
    );
    const leases = await this.store.query<LeaseRow>(
      'SELECT name, holder, fencing, acquired_at FROM lease WHERE expires_at > clock_timestamp() ORDER BY name',
      [],
    );
    return rows.map((row) => recordOf(row, leases));
  }
}

const recordOf = (row: Row, leases: readonly LeaseRow[]): ServerRecord => {
  const silentMs = Math.max(0, Math.round(Number(row.silent_ms)));
  return {
    id: row.id,
    datacenter: row.datacenter,
    name: row.name,
    version: row.version,
    httpAddress: row.http_address,
    lanAddress: row.lan_address,
    wanAddress: row.wan_address,
    startedAt: epochMs(row.started_at.getTime()),
    silentMs,
    alive: silentMs < GONE_AFTER_MS,
    leases: leases.filter(({ holder }) => holder === row.id).map(heldOf),
  };
};

const heldOf = (row: LeaseRow): HeldLeaseRecord => ({
  name: row.name,
  fencing: Number(row.fencing),
  since: row.acquired_at === null ? undefined : epochMs(row.acquired_at.getTime()),
});
