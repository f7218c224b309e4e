/** That this datacenter is to sign with a key of its own that was made for this rotation. */
export interface SigningOrder {
  readonly rotationId: string;
  /** Whether to sign under it now; before that it is made ready only. */
  readonly activate: boolean;
  /** The former key is in wrong hands: what it signed is replaced with the whole signing budget. */
  readonly urgent?: boolean;
}

/**
 * What is asked of this datacenter's signing key. The latest order holds until another one: whoever was away when a
 * rotation ended follows it all the same.
 */
export abstract class SigningOrders {
  /** From memory. Undefined when nobody ever asked for another key, or the asking was rolled back. */
  abstract current(): SigningOrder | undefined;
}
