import { BanyanError, contentHash, type JsonValue } from '@banyan/kernel';
import type { StagedChange, Transaction } from '@banyan/store';
import type { EntityManager } from 'typeorm';
import { isBefore } from '../domain/concurrency.js';
import { isFinished } from '../domain/phase.js';
import type { Rotation } from '../domain/rotation.js';
import { rotationOf, RotationRow } from './rotation-row.js';

/** Rotations are rare and concern each other: whoever writes one is alone until the transaction ends. */
export const lockRotations = async (tx: Transaction): Promise<void> => {
  await tx.manager.query(`SELECT pg_advisory_xact_lock(hashtextextended('banyan.rotation', 0))`);
};

/** The unfinished rotations, oldest first. */
export const unfinishedRotations = async (manager: EntityManager): Promise<readonly Rotation[]> => {
  const rows = await manager.find(RotationRow, { where: { finished: false } });
  return rows.map(rotationOf).toSorted((a, b) => (isBefore(a, b) ? -1 : 1));
};

/** The record as JSON, without what is undefined: what is stored, hashed and replicated. */
export const rotationBody = (rotation: Rotation): JsonValue => JSON.parse(JSON.stringify(rotation)) as JsonValue;

/** The context under which an order is sealed: it opens in its own row only. */
export const orderContext = (id: string): string => `rotation:${id}:sealed_order`;

/** Stages a rotation that is not stored yet; with the sealed order where this datacenter carries it out. */
export const insertRotation = (rotation: Rotation, sealedOrder: string | null): StagedChange => {
  const body = rotationBody(rotation);
  const hash = contentHash(body);
  return {
    topic: 'rotation',
    key: rotation.id,
    operation: 'upsert',
    contentHash: hash,
    write: async (manager, index) => {
      await manager.query(
        `INSERT INTO rotation (id, revision, finished, record, sealed_order, content_hash, create_index, modify_index)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7)`,
        [rotation.id, rotation.revision, isFinished(rotation.phase), JSON.stringify(body), sealedOrder, hash, index],
      );
    },
  };
};

/** The order is kept until its root is active: then the root authority has what belongs to the root. */
const keepsOrder = ({ phase }: Rotation): boolean => phase === 'prepare' || phase === 'distribute';

/**
 * Stages the next revision of a stored rotation: compare-and-set, `CONFLICT` unless `revision` still is the stored one.
 */
export const updateRotation = (rotation: Rotation, revision: number): StagedChange => {
  const body = rotationBody(rotation);
  const hash = contentHash(body);
  return {
    topic: 'rotation',
    key: rotation.id,
    operation: 'upsert',
    contentHash: hash,
    write: async (manager, index) => {
      const updated = await manager.query<[unknown[], number]>(
        `UPDATE rotation SET revision = $3, finished = $4, record = $5, content_hash = $6, modify_index = $7,
                sealed_order = CASE WHEN $8 THEN sealed_order END
          WHERE id = $1 AND revision = $2 RETURNING id`,
        [
          rotation.id,
          revision,
          rotation.revision,
          isFinished(rotation.phase),
          JSON.stringify(body),
          hash,
          index,
          keepsOrder(rotation),
        ],
      );
      if (updated[1] !== 1) {
        throw new BanyanError('CONFLICT', `rotation ${rotation.id} changed meanwhile: read it again and repeat`);
      }
    },
  };
};
