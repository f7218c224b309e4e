import type { Store } from '@banyan/store';
import type { Change, Projection } from '@banyan/watch';
import { In } from 'typeorm';
import { isBefore } from '../domain/concurrency.js';
import { type IndexedRotation, RotationReader } from '../ports/rotation-reader.js';
import { rotationOf, RotationRow } from './rotation-row.js';

/** What readers of rotations wait for. */
export const ROTATION_TOPICS = ['rotation'] as const;

/** Every rotation in memory, kept by the change follower: a handful a year. */
export class RotationProjection extends RotationReader implements Projection {
  readonly topics = ROTATION_TOPICS;
  #rotations: ReadonlyMap<string, IndexedRotation> = new Map();
  readonly #listeners = new Set<() => void>();

  constructor(private readonly store: Store) {
    super();
  }

  async load(): Promise<void> {
    const rows = await this.store.dataSource.manager.find(RotationRow);
    this.#replace(new Map(rows.map((row) => [row.id, indexed(row)])));
  }

  async apply(changes: readonly Change[]): Promise<void> {
    const ids = [...new Set(changes.map(({ key }) => key))];
    const rows = await this.store.dataSource.manager.find(RotationRow, { where: { id: In(ids) } });
    const rotations = new Map(this.#rotations);
    for (const id of ids) rotations.delete(id);
    for (const row of rows) rotations.set(row.id, indexed(row));
    this.#replace(rotations);
  }

  override list(): readonly IndexedRotation[] {
    return [...this.#rotations.values()].toSorted((a, b) => (isBefore(a.rotation, b.rotation) ? 1 : -1));
  }

  override find(id: string): IndexedRotation | undefined {
    return this.#rotations.get(id);
  }

  /** Calls `listener` after every change; the result ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #replace(rotations: ReadonlyMap<string, IndexedRotation>): void {
    this.#rotations = rotations;
    for (const listener of this.#listeners) listener();
  }
}

const indexed = (row: RotationRow): IndexedRotation => ({
  rotation: rotationOf(row),
  createIndex: row.createIndex,
  modifyIndex: row.modifyIndex,
});
