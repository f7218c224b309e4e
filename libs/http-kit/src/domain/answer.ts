import { type StateIndex } from '@banyan/kernel';

/** Response headers by name. */
export type AnswerHeaders = Readonly<Record<string, string>>;

type AnswerBody =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'text'; readonly text: string; readonly contentType: string }
  | { readonly kind: 'parts'; readonly parts: AsyncIterable<string>; readonly contentType: string }
  | { readonly kind: 'empty' };

/** What a handler returns: status, headers and body as values. The edge alone turns it into bytes. */
export class Answer {
  constructor(
    readonly status: number,
    readonly body: AnswerBody,
    readonly headers: AnswerHeaders = {},
  ) {}

  /** The same answer with more headers. */
  with(headers: AnswerHeaders): Answer {
    return new Answer(this.status, this.body, { ...this.headers, ...headers });
  }
}

/** 200 (or `status`) with any JSON value, bare scalars included; `bigint` values become JSON integers of any size. */
export const answerJson = (value: unknown, status = 200): Answer => new Answer(status, { kind: 'json', value });

/** The Content-Type of every error and other plain text. */
export const TEXT_TYPE = 'text/plain; charset=utf-8';

/** Plain text, by default 200. Errors are made by throwing coded errors, not with this. */
export const answerText = (text: string, status = 200, contentType = TEXT_TYPE): Answer =>
  new Answer(status, { kind: 'text', text, contentType });

/**
 * 200 with a body that is made while it is sent, as fast as the client takes it. What throws once it has begun can only
 * cut the connection: have the first part before the answer is returned (see {@link begun}).
 */
export const answerParts = (parts: AsyncIterable<string>, contentType: string): Answer =>
  new Answer(200, { kind: 'parts', parts, contentType });

/** The same values, once the first one is there or it is known that there is none; throws what keeps it from coming. */
export const begun = async <T>(values: AsyncIterable<T>): Promise<AsyncIterable<T>> => {
  const iterator = values[Symbol.asyncIterator]();
  const first = await iterator.next();
  return (async function* () {
    try {
      for (let next = first; next.done !== true; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  })();
};

/** 200 without a body: not `{}`, not 204. */
export const answerEmpty = (): Answer => new Answer(200, { kind: 'empty' });

/** How long ago the state that an answer was read from was last compared with the database. Unit ms; 0 while it is followed. */
export interface StateAge {
  readonly silentMs: number;
}

/**
 * The headers every answer with a state index carries; an index of 0 is sent as 1 (contract §0.6). While the database is
 * away, answers go on from memory: then there is no known leader, and the last contact is as old as what is told.
 */
export const indexHeaders = (index: StateIndex, { silentMs }: StateAge = { silentMs: 0 }): AnswerHeaders => ({
  'X-Consul-Index': String(Math.max(1, index)),
  'X-Consul-KnownLeader': String(silentMs === 0),
  'X-Consul-LastContact': String(Math.round(silentMs)),
  'X-Consul-Default-ACL-Policy': 'deny',
});

/** 200 with a JSON value and its index, as blocking queries answer, changed or timed out alike. */
export const answerBlocking = (
  result: { readonly index: StateIndex; readonly value: unknown },
  age?: StateAge,
): Answer => answerJson(result.value).with(indexHeaders(result.index, age));
