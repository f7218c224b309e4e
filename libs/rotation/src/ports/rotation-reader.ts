import type { StateIndex } from '@banyan/kernel';
import type { Rotation } from '../domain/rotation.js';

/** A rotation with the indexes of its row. */
export interface IndexedRotation {
  readonly rotation: Rotation;
  readonly createIndex: StateIndex;
  readonly modifyIndex: StateIndex;
}

/** Rotations from memory: in the primary its own, elsewhere as they were replicated. */
export abstract class RotationReader {
  /** Newest first. */
  abstract list(): readonly IndexedRotation[];
  abstract find(id: string): IndexedRotation | undefined;
}
