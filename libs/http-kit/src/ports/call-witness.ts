import type { Caller } from '@banyan/acl';

/** A call as a witness sees it; one object from before the handler until the answer leaves. */
export interface WitnessedCall {
  /** What the route declares with `@Audited`; empty when it declares none, such as a read that was denied. */
  readonly action: string;
  /** Undefined when nobody has the secret that was shown. */
  readonly caller: Caller | undefined;
  readonly remoteAddress: string;
  readonly method: string;
  /** Without its query, which may hold a secret. */
  readonly path: string;
  /** `params`, `query` and `body`, parsed as the route declares; undefined when they do not follow that. */
  readonly input: () => unknown;
}

/** Sees every act at the edge: what is done, and what is refused. */
export abstract class CallWitness {
  /** Runs the handler of a route that declares an act. What this throws before the work is the answer instead. */
  abstract around<T>(seen: WitnessedCall, work: () => Promise<T>): Promise<T>;
  /**
   * Before the answer of an act leaves, and before that of any call that was denied. `code` is the error's, empty when all
   * went well. What this throws is the answer instead.
   */
  abstract answered(seen: WitnessedCall, code: string): Promise<void>;
}
