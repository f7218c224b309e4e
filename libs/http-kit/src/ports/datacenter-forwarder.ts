import type { SecretText } from '@banyan/kernel';

/** A request on its way to another datacenter. */
export interface ForwardedRequest {
  readonly method: string;
  /** Path and query, without `token`. */
  readonly path: string;
  readonly token: SecretText | undefined;
  readonly body: Uint8Array;
  /** Aborted when the client goes away or this process stops. */
  readonly signal: AbortSignal;
  /** Where the request came from, for what is recorded of it there. */
  readonly remoteAddress: string;
}

/** What the other datacenter answered. Header names are in lower case. */
export interface ForwardedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Carries a request to another datacenter (`?dc=`). Throws `DATACENTER_UNKNOWN` or `DATACENTER_UNREACHABLE`. */
export abstract class DatacenterForwarder {
  abstract forward(datacenter: string, request: ForwardedRequest): Promise<ForwardedAnswer>;
}
