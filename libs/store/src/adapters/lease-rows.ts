import { BanyanError } from '@banyan/kernel';
import type { DataSource, EntityManager } from 'typeorm';
import type { Fence } from '../domain/fence.js';

/**
 * Locks the lease row until the end of the transaction and checks that `fence` still holds it, by the database's clock.
 * While the lock lasts nobody can take the lease, so that a write that was let through cannot overlap a successor's.
 * Throws `LEASE_LOST`.
 */
export const checkFence = async (manager: EntityManager, fence: Fence): Promise<void> => {
  const rows = await manager.query<unknown[]>(
    `SELECT 1 FROM lease
      WHERE name = $1 AND holder = $2 AND fencing = $3 AND expires_at > clock_timestamp() FOR SHARE`,
    [fence.lease, fence.holder, fence.fencing],
  );
  if (rows.length === 0) {
    throw new BanyanError('LEASE_LOST', `the lease ${fence.lease} is no longer held; the write was not made`, {
      fields: { lease: fence.lease, fencing: fence.fencing },
    });
  }
};

/** Who asks for which lease, and for how long from the database's now. */
export interface LeaseClaim {
  readonly name: string;
  readonly holder: string;
  readonly ttlMs: number;
  /** Also take it from ourselves: from an earlier process of this server, which is gone or will be fenced off. */
  readonly fromSelf: boolean;
}

/** Takes the lease if it is free or has run out; `undefined` while somebody holds it. */
export const acquireLease = async (source: DataSource, claim: LeaseClaim): Promise<Fence | undefined> => {
  const rows = await source.query<{ fencing: string }[]>(
    `INSERT INTO lease AS l (name, holder, fencing, acquired_at, expires_at)
     VALUES ($1, $2, 1, clock_timestamp(), clock_timestamp() + $3 * interval '1 millisecond')
     ON CONFLICT (name) DO UPDATE
       SET holder = excluded.holder, fencing = l.fencing + 1,
           acquired_at = excluded.acquired_at, expires_at = excluded.expires_at
       WHERE l.expires_at <= clock_timestamp() OR ($4 AND l.holder = excluded.holder)
     RETURNING fencing`,
    [claim.name, claim.holder, claim.ttlMs, claim.fromSelf],
  );
  const row = rows[0];
  return row === undefined ? undefined : { lease: claim.name, holder: claim.holder, fencing: Number(row.fencing) };
};

/** Extends a lease that is still held; false when it ran out or was taken. */
export const renewLease = async (source: DataSource, fence: Fence, ttlMs: number): Promise<boolean> => {
  const [, count] = await source.query<[unknown[], number]>(
    `UPDATE lease SET expires_at = clock_timestamp() + $4 * interval '1 millisecond'
      WHERE name = $1 AND holder = $2 AND fencing = $3 AND expires_at > clock_timestamp()`,
    [fence.lease, fence.holder, fence.fencing, ttlMs],
  );
  return count === 1;
};

/** Gives the lease back, so that a successor need not wait for its end. */
export const releaseLease = async (source: DataSource, fence: Fence): Promise<void> => {
  await source.query(
    'UPDATE lease SET expires_at = clock_timestamp() WHERE name = $1 AND holder = $2 AND fencing = $3 AND expires_at > clock_timestamp()',
    [fence.lease, fence.holder, fence.fencing],
  );
};
