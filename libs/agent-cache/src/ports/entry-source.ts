import type { SecretText } from '@banyan/kernel';

/** What is followed: a read of the HTTP API, on behalf of a token. */
export interface EntryRequest {
  /** Path with query, without index, wait and token. */
  readonly path: string;
  readonly token: SecretText | undefined;
}

/** One state of what is followed. A status other than 200 is a refusal; its body is the reason. */
export interface EntryEvent {
  readonly index: number;
  readonly status: number;
  readonly body: Buffer;
}

/** A server of our datacenter. The iteration ends or throws when the tie is lost; the cache comes back by itself. */
export abstract class EntrySource {
  abstract follow(request: EntryRequest, signal: AbortSignal): AsyncIterable<EntryEvent>;
}
