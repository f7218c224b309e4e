import type { Caller } from '@banyan/acl';
import type { SecretText } from '@banyan/kernel';

/** Who is asking. A server resolves from its token projection, an agent asks a server or its cache. */
export abstract class CallerResolver {
  /**
   * The caller behind `secret`. Without one: the stand-in of this process (an agent's own token), else the anonymous
   * caller, which has no role. Throws `ACL_NOT_FOUND` for a secret no token has.
   */
  abstract resolve(secret: SecretText | undefined): Caller | Promise<Caller>;
}
