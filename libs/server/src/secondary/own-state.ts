import { TokenRow, tokenReplica } from '@banyan/acl';
import { CA_REPLICAS, forgetAuthority } from '@banyan/ca';
import { DatacenterRow, datacenterReplica } from '@banyan/federation';
import type { AdoptionView } from '@banyan/http-api';
import { intentionReplica } from '@banyan/intentions';
import { BanyanError, contentHash, type JsonValue } from '@banyan/kernel';
import { ReplicationCursorRow, ReplicationHoldRow } from '@banyan/replication';
import type { Fence, Transaction } from '@banyan/store';
import type { EntityManager } from 'typeorm';
import type { DatacenterCore } from '../core/datacenter-core.js';
import { readBundleItems } from '../edges/bundle-items.js';

/** Name of the feed's cursor: a datacenter that has one belongs to its primary already. */
export const PRIMARY_FEED = 'primary';
/** Under this name the confirmation stands beside what is held of streams. */
export const ADOPTION = 'adoption';

/** The difference between a datacenter that stood alone and one that joins: all of its own, which the primary replaces. */
export class OwnState {
  constructor(
    private readonly core: DatacenterCore,
    /** A hash that was confirmed by a setting. */
    private readonly confirmedHash: string | undefined,
  ) {}

  /** What joining would replace; undefined for a datacenter that has nothing of its own, or has joined. */
  difference(): Promise<AdoptionView | undefined> {
    return this.core.store.dataSource.transaction('REPEATABLE READ', (manager) => this.#difference(manager));
  }

  /** Confirms the difference. Throws `REPLICATION_DIFF_STALE` when it is another one, or none. */
  async confirm(hash: string): Promise<void> {
    const { store, ambient } = this.core;
    await store.run(async (tx) => {
      const difference = await this.#difference(tx.manager);
      if (difference === undefined) {
        throw new BanyanError(
          'REPLICATION_DIFF_STALE',
          'this datacenter has nothing of its own that joining would replace',
        );
      }
      if (difference.hash !== hash) {
        throw new BanyanError(
          'REPLICATION_DIFF_STALE',
          'what joining would replace is something else by now: look again',
        );
      }
      await tx.manager.upsert(
        ReplicationHoldRow,
        {
          stream: ADOPTION,
          code: 'ADOPTION_REQUIRED',
          reason: 'confirmed',
          hash,
          deletions: [],
          localCount: 0,
          epoch: store.epoch,
          index: await store.currentIndex(),
          approved: true,
          since: ambient.clock.now(),
        },
        ['stream'],
      );
    });
  }

  /** Throws `ADOPTION_REQUIRED` while there is a difference that nobody has confirmed. */
  async requireConfirmed(): Promise<AdoptionView | undefined> {
    const difference = await this.difference();
    if (difference === undefined || difference.confirmed) return difference;
    const { intentions, tokens, trustDomain } = difference;
    throw new BanyanError(
      'ADOPTION_REQUIRED',
      `this datacenter has a state of its own${trustDomain === undefined ? '' : ` (trust domain ${trustDomain})`}: ` +
        `${intentions.length} intentions and ${tokens.length} tokens would be replaced. Read GET /v1/replication, then ` +
        `confirm with PUT /v1/replication/adopt {"Hash":"${difference.hash}"} or BANYAN_ADOPT=${difference.hash}`,
      { fields: { hash: difference.hash } },
    );
  }

  /** Gives up what was confirmed and takes over the primary's trust, in one transaction. Resolves to its index. */
  async giveUp(hash: string, bundleJson: string, fence: Fence): Promise<number> {
    const items = readBundleItems(bundleJson);
    const { index } = await this.core.store.run(
      async (tx) => {
        const difference = await this.#difference(tx.manager);
        if (difference?.hash !== hash || !difference.confirmed) {
          throw new BanyanError('ADOPTION_REQUIRED', 'what joining would replace changed meanwhile: look again');
        }
        await forgetAll(tx);
        for (const replica of CA_REPLICAS) {
          for (const { topic, ...item } of items) if (topic === replica.topic) await replica.stage(tx, item);
        }
        await tx.manager.delete(ReplicationHoldRow, { stream: ADOPTION });
      },
      { fence },
    );
    return index;
  }

  async #difference(manager: EntityManager): Promise<AdoptionView | undefined> {
    if (await manager.exists(ReplicationCursorRow, { where: { stream: PRIMARY_FEED } })) return undefined;
    const [trust] = await manager.query<{ cluster_id: string; primary_datacenter: string }[]>(
      'SELECT cluster_id, primary_datacenter FROM trust_domain',
    );
    const tokens = await manager.find(TokenRow, { order: { accessorId: 'ASC' } });
    const intentions = (await intentionReplica.snapshot(manager)).toSorted((a, b) => (a.key < b.key ? -1 : 1));
    const isOwn = trust?.primary_datacenter === this.core.datacenter;
    // The trust of a primary that was met, and nothing else: it is joining for the first time.
    if (!isOwn && tokens.length === 0 && intentions.length === 0) return undefined;
    const roots = await manager.query<{ id: string; fingerprint_sha256: string }[]>(
      'SELECT id, fingerprint_sha256 FROM root_authority ORDER BY generation',
    );
    const datacenters = (await manager.find(DatacenterRow, { order: { name: 'ASC' } })).map((row) => row.name);
    const hash = contentHash([
      trust?.cluster_id ?? '',
      roots.map((root) => root.id),
      intentions.map((item) => item.contentHash),
      tokens.map((token) => token.contentHash),
      datacenters,
    ] as JsonValue);
    return {
      hash,
      confirmed: this.confirmedHash === hash || (await this.#isConfirmed(manager, hash)),
      ...(trust !== undefined && { trustDomain: `${trust.cluster_id}.consul` }),
      roots: roots.map((root) => ({ id: root.id, fingerprint: root.fingerprint_sha256 })),
      intentions: intentions.map((item) => item.key),
      tokens: tokens.map(({ accessorId, description }) => ({ accessorId, description })),
      datacenters,
    };
  }

  #isConfirmed(manager: EntityManager, hash: string): Promise<boolean> {
    return manager.exists(ReplicationHoldRow, { where: { stream: ADOPTION, hash, approved: true } });
  }
}

const forgetAll = async (tx: Transaction): Promise<void> => {
  await forgetAuthority(tx);
  for (const topic of [datacenterReplica, tokenReplica, intentionReplica]) {
    for (const { key } of await topic.snapshot(tx.manager)) await topic.stageDelete(tx, key);
  }
};
