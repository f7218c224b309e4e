import { type Answer, answerBlocking, type CommonQuery, type HttpCall } from '@banyan/http-kit';
import { durationMs, Random, SECOND, type StateIndex } from '@banyan/kernel';
import { blockingQuery, ChangeFollower, waitLimit } from '@banyan/watch';
import { Injectable } from '@nestjs/common';
import type { VisibleRows } from '../domain/visible-rows.js';

/** How long an answer to a write waits until this server's memory shows it. Normally it takes a few ms. */
const READ_YOUR_WRITE_MS = durationMs(10 * SECOND);

/** One read that may wait. */
export interface BlockingRead {
  readonly query: CommonQuery;
  readonly call: HttpCall;
  /** The topics whose changes can change the answer. */
  readonly topics: readonly string[];
}

/** Answers every read of the API from memory, as a blocking query (contract §0.7), with its index. */
@Injectable()
export class BlockingReads {
  constructor(
    private readonly follower: ChangeFollower,
    private readonly random: Random,
  ) {}

  /** The value of `read` with its index: at once, or after the caller's index was passed or its time is up. */
  async answer(request: BlockingRead, read: () => unknown): Promise<Answer> {
    return answerBlocking(await this.#ask(request, read), this.follower);
  }

  /** The same for a list of which the caller may see only a part. `shape` makes the body of the rows. */
  async answerVisible<Row>(
    request: BlockingRead,
    read: () => VisibleRows<Row>,
    shape: (rows: readonly Row[]) => unknown = (rows) => rows,
  ): Promise<Answer> {
    const { index, value } = await this.#ask(request, read);
    const answer = answerBlocking({ index, value: shape(value.rows) }, this.follower);
    return value.filtered ? answer.with({ 'X-Consul-Results-Filtered-By-ACLs': 'true' }) : answer;
  }

  /** How old what this server knows is. */
  get age(): { readonly silentMs: number } {
    return this.follower;
  }

  /** Resolves when a write is visible to the reads of this server. Throws `TIMEOUT`, `ABORTED`. */
  visible(index: StateIndex, call: HttpCall): Promise<void> {
    return this.follower.reached(index, { limitMs: READ_YOUR_WRITE_MS, signal: call.signal });
  }

  #ask<T>({ query, call, topics }: BlockingRead, read: () => T): Promise<{ index: StateIndex; value: T }> {
    return blockingQuery({
      follower: this.follower,
      topics,
      minIndex: query.index,
      maxWaitMs: waitLimit(query.wait),
      // Only a waiting call needs its signal, and making one costs more than most answers.
      signal: query.index === undefined ? undefined : call.signal,
      random: this.random,
      read,
    });
  }
}
