import { type SigningOrder, SigningOrders } from '@banyan/ca';
import type { Phase, RotationReader } from '@banyan/rotation';

const UNDONE: readonly Phase[] = ['rolled-back', 'failed'];
const OVER: readonly Phase[] = [...UNDONE, 'completed'];

/**
 * What the rotations ask of this datacenter's key: the records are the order, in the primary its own ones and elsewhere
 * as they were replicated. The latest holds even when it is over: who was away at its deadline has still to follow.
 */
export class RotationOrders extends SigningOrders {
  constructor(
    private readonly datacenter: string,
    private readonly rotations: RotationReader,
  ) {
    super();
  }

  override current(): SigningOrder | undefined {
    const latest = this.rotations
      .list()
      .find(
        ({ rotation: { scope, phase } }) =>
          scope !== 'root' && scope.datacenter === this.datacenter && !UNDONE.includes(phase),
      );
    if (latest === undefined) return undefined;
    const { id, phase, reason } = latest.rotation;
    const urgent = reason === 'compromise' && !OVER.includes(phase);
    return { rotationId: id, activate: phase !== 'prepare', urgent };
  }
}
