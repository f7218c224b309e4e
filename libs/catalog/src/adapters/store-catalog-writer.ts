import { BanyanError, type EpochMs, epochMs, Random, type StateIndex } from '@banyan/kernel';
import { Store, type Transaction } from '@banyan/store';
import { Any } from 'typeorm';
import type { CatalogDeregistration, CatalogRegistration } from '../domain/catalog-registration.js';
import { NODE_ALIVE_CHECK_ID } from '../domain/check.js';
import { difference, nodeAliveCheck, planNode, wantedCheck, wantedService } from '../domain/node-plan.js';
import { nodeContentHash, type NodeRegistration } from '../domain/records.js';
import { CatalogWriter, type NodeSync } from '../ports/catalog-writer.js';
import { removeCheck, removeNode, removeService, writeCheck, writeNode, writeService } from './catalog-changes.js';
import { HealthCheckRow, NodeRow } from './catalog-rows.js';
import { lockNode, type StoredNode } from './stored-node.js';

/** Nodes marked per transaction: a datacenter that lost its network must not hold the counter for seconds. */
const EXPIRE_BATCH = 500;

/** Writes the catalog to this datacenter's store. Callers have been authorized. */
export class StoreCatalogWriter extends CatalogWriter {
  constructor(
    private readonly store: Store,
    private readonly random: Random,
  ) {
    super();
  }

  override async register(registration: CatalogRegistration, now: EpochMs): Promise<StateIndex> {
    const { node, service, checks, skipNodeUpdate } = registration;
    const { index } = await this.store.run(async (tx) => {
      const stored = await lockNode(tx, node.Node);
      if (stored.node === undefined && node.Address === '') {
        throw new BanyanError('NODE_INVALID', 'Must provide node and address');
      }
      if (stored.node === undefined || !skipNodeUpdate) this.#stageNode(tx, node, stored, now);
      if (service !== undefined) {
        const wanted = wantedService(service);
        if (hashesOf(stored.services).get(wanted.id) !== wanted.contentHash) tx.stage(writeService(node.Node, wanted));
      }
      const serviceIds = new Set([...stored.services.map((row) => row.id), ...(service ? [service.ID] : [])]);
      const known = checkHashesOf(stored.checks);
      for (const check of checks) {
        if (check.ServiceID !== '' && !serviceIds.has(check.ServiceID)) {
          throw new BanyanError(
            'SERVICE_INVALID',
            `Unknown service ID "${check.ServiceID}" of check "${check.CheckID}"`,
          );
        }
        const wanted = wantedCheck(check);
        if (known.get(wanted.id) !== wanted.contentHash) tx.stage(writeCheck(node.Node, wanted));
      }
    });
    return index;
  }

  override async deregister({ node, serviceId, checkId }: CatalogDeregistration): Promise<StateIndex> {
    const { index } = await this.store.run(async (tx) => {
      const stored = await lockNode(tx, node);
      const whole = serviceId === undefined && checkId === undefined;
      for (const row of stored.checks) {
        const ofService = serviceId !== undefined && row.serviceId === serviceId;
        if (whole || ofService || row.checkId === checkId) tx.stage(removeCheck(row));
      }
      for (const row of stored.services) if (whole || row.id === serviceId) tx.stage(removeService(row));
      if (whole && stored.node !== undefined) tx.stage(removeNode(stored.node));
    });
    return index;
  }

  override async syncNode({ node, services, checks, now }: NodeSync): Promise<StateIndex> {
    const plan = planNode(node, services, checks);
    const { index } = await this.store.run(async (tx) => {
      const stored = await lockNode(tx, node.Node);
      this.#stageNode(tx, plan.node, stored, now);
      if (stored.node !== undefined) await seen(tx, node.Node, now);
      stageServices(tx, node.Node, stored, plan.services);
      stageChecks(tx, node.Node, stored, plan.checks);
    });
    return index;
  }

  override async touchNode(name: string, now: EpochMs): Promise<boolean> {
    const { value } = await this.store.run(async (tx) => {
      // Not through lockNode: a heartbeat takes one short row lock and, as a rule, no index.
      if (!(await seen(tx, name, now))) return false;
      const wanted = wantedCheck(nodeAliveCheck(true));
      const check = await tx.manager.findOne(HealthCheckRow, { where: { node: name, checkId: wanted.id } });
      if (check !== null && check.contentHash !== wanted.contentHash) tx.stage(writeCheck(name, wanted));
      return true;
    });
    return value;
  }

  override async expireNodes(now: EpochMs, olderThanMs: number): Promise<readonly string[]> {
    const limit = epochMs(now - olderThanMs);
    const expired: string[] = [];
    for (;;) {
      const { value: names } = await this.store.run((tx) => expireBatch(tx, limit));
      expired.push(...names);
      if (names.length < EXPIRE_BATCH) return expired;
    }
  }

  #stageNode(tx: Transaction, node: NodeRegistration, stored: StoredNode, now: EpochMs): void {
    const wanted = { ...node, ID: node.ID ?? stored.node?.id ?? this.random.uuid() };
    if (stored.node?.contentHash !== nodeContentHash(wanted)) tx.stage(writeNode(wanted, now));
  }
}

type Plan = ReturnType<typeof planNode>;

const stageServices = (tx: Transaction, node: string, stored: StoredNode, wanted: Plan['services']): void => {
  const { upserts, removals } = difference(hashesOf(stored.services), wanted);
  for (const service of upserts) tx.stage(writeService(node, service));
  for (const row of stored.services) if (removals.includes(row.id)) tx.stage(removeService(row));
};

const stageChecks = (tx: Transaction, node: string, stored: StoredNode, wanted: Plan['checks']): void => {
  const { upserts, removals } = difference(checkHashesOf(stored.checks), wanted);
  for (const check of upserts) tx.stage(writeCheck(node, check));
  for (const row of stored.checks) if (removals.includes(row.checkId)) tx.stage(removeCheck(row));
};

const hashesOf = (rows: StoredNode['services']): Map<string, string> =>
  new Map(rows.map((row) => [row.id, row.contentHash]));

const checkHashesOf = (rows: StoredNode['checks']): Map<string, string> =>
  new Map(rows.map((row) => [row.checkId, row.contentHash]));

/** Notes when an agent was heard, never backwards. False for an unknown node. Not part of the state: no index. */
const seen = async (tx: Transaction, name: string, now: EpochMs): Promise<boolean> => {
  const result: unknown = await tx.manager.query(
    'UPDATE node SET last_seen = GREATEST(last_seen, $2) WHERE name = $1 RETURNING name',
    [name, new Date(now)],
  );
  // The driver answers an UPDATE with [rows, count].
  return Array.isArray(result) && result[1] === 1;
};

const expireBatch = async (tx: Transaction, limit: EpochMs): Promise<string[]> => {
  const wanted = wantedCheck(nodeAliveCheck(false));
  const candidates = await tx.manager
    .createQueryBuilder(NodeRow, 'node')
    .select(['node.name'])
    .innerJoin(HealthCheckRow, 'alive', 'alive.node = node.name AND alive.checkId = :checkId', {
      checkId: NODE_ALIVE_CHECK_ID,
    })
    .where('node.lastSeen < :limit AND alive.contentHash <> :hash', {
      limit: new Date(limit),
      hash: wanted.contentHash,
    })
    .orderBy('node.name')
    .limit(EXPIRE_BATCH)
    .getMany();
  // Under the row locks, in order of name, the condition is looked at again: a heartbeat may have come meanwhile.
  const locked = await tx.manager
    .createQueryBuilder(NodeRow, 'node')
    .where({ name: Any(candidates.map((node) => node.name)) })
    .andWhere('node.lastSeen < :limit', { limit: new Date(limit) })
    .orderBy('node.name')
    .setLock('pessimistic_write')
    .getMany();
  for (const node of locked) tx.stage(writeCheck(node.name, wanted));
  return locked.map((node) => node.name);
};
