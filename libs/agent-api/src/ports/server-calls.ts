import type { SecretText } from '@banyan/kernel';
import type { Caller } from '@banyan/acl';

export interface CarriedRequest {
  readonly method: string;
  /** Path and query, without `token`. */
  readonly path: string;
  readonly token: SecretText | undefined;
  readonly body: Uint8Array;
  readonly signal: AbortSignal;
  /** Where it came from, for what the servers record of it. */
  readonly remoteAddress: string;
}

export interface CarriedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** The servers of our datacenter, for what the agent does not answer itself. Throws `SERVER_UNREACHABLE`. */
export abstract class ServerCalls {
  abstract forward(request: CarriedRequest): Promise<CarriedAnswer>;
  /** Who holds the secret, and for how many ms that may be kept. Throws `ACL_NOT_FOUND`. */
  abstract resolveToken(secret: SecretText): Promise<{ readonly caller: Caller; readonly ttlMs: number }>;
}
