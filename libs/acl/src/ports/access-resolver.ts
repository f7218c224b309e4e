import type { SecretText } from '@banyan/kernel';
import type { Caller } from '../domain/caller.js';

/** Turns the secret of a request into its caller. */
export abstract class AccessResolver {
  /**
   * The caller that holds the secret; the anonymous caller when there is none. From memory, synchronous.
   * Throws `ACL_NOT_FOUND` ("ACL not found") for a secret that no token has.
   */
  abstract resolve(secret: SecretText | undefined): Caller;
}
