import { type SigningOrder, SigningOrders } from '@banyan/ca';
import type { RotationReader } from '@banyan/rotation';

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
          scope !== 'root' && scope.datacenter === this.datacenter && phase !== 'rolled-back' && phase !== 'failed',
      );
    if (latest === undefined) return undefined;
    const { id, phase } = latest.rotation;
    return { rotationId: id, activate: phase !== 'prepare' };
  }
}
