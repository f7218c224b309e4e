import { epochMs, stateIndex } from '@banyan/kernel';
import { type IndexedRotation, type Phase, RotationReader } from '@banyan/rotation';
import { describe, expect, it } from '@jest/globals';
import { RotationOrders } from '../src/core/signing-orders.js';

type Told = Pick<IndexedRotation['rotation'], 'id' | 'scope' | 'phase' | 'reason'>;

/** The records as they were replicated, the latest first; of each only what an order is read from. */
class ToldRotations extends RotationReader {
  told: readonly Told[] = [];

  override list(): readonly IndexedRotation[] {
    const [createIndex, modifyIndex] = [stateIndex(1), stateIndex(1)];
    return this.told.map((rotation) => ({
      rotation: rotation as IndexedRotation['rotation'],
      createIndex,
      modifyIndex,
    }));
  }

  override find(id: string): IndexedRotation | undefined {
    return this.list().find(({ rotation }) => rotation.id === id);
  }
}

const of = (datacenter: string) => ({ datacenter, keyId: 'k', keyFingerprint: 'f', endsAt: epochMs(1) });
const told = (phase: Phase, parts: Partial<Told> = {}): Told => ({
  id: 'one',
  scope: of('dc2'),
  reason: 'planned',
  phase,
  ...parts,
});

describe("what the records ask of a datacenter's key", () => {
  const records = new ToldRotations();
  const orders = new RotationOrders('dc2', records);
  const asked = (...rotations: readonly Told[]) => {
    records.told = rotations;
    return orders.current();
  };

  it('is made ready first, then active, and holds when the rotation is over', () => {
    expect(asked(told('prepare'))).toEqual({ rotationId: 'one', activate: false, urgent: false });
    expect(asked(told('activate'))).toEqual({ rotationId: 'one', activate: true, urgent: false });
    expect(asked(told('completed'))).toEqual({ rotationId: 'one', activate: true, urgent: false });
  });

  it('is urgent while a compromised key is replaced, a planned rotation that turned into that included', () => {
    const reason = 'compromise';
    const seen = (['prepare', 'activate', 'completed'] as const).map((phase) => asked(told(phase, { reason }))?.urgent);
    expect(seen).toEqual([true, true, false]);
  });

  it('is the latest one that counts: of this datacenter, and not undone', () => {
    const other = told('activate', { id: 'two', scope: of('dc1'), reason: 'compromise' });
    const root = told('activate', { id: 'three', scope: 'root', reason: 'compromise' });
    const undone = told('rolled-back', { id: 'four' });
    expect(asked(undone, root, other)).toBeUndefined();
    expect(asked(undone, other, told('activate'))).toMatchObject({ rotationId: 'one', urgent: false });
  });
});
