import type { ServerWritableStream } from '@grpc/grpc-js';
import { Observable } from 'rxjs';

type Call<T> = Pick<ServerWritableStream<unknown, T>, 'cancelled' | 'writableNeedDrain' | 'once' | 'off'>;

const drained = (call: Call<unknown>): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      call.off('drain', done);
      call.off('cancelled', done);
      resolve();
    };
    call.once('drain', done);
    call.once('cancelled', done);
  });

/**
 * Nest writes every value of a handler's observable at once and keeps those the peer is too slow for in an unbounded
 * array. This pulls from `source` only while the stream takes more, so that a slow peer slows its producer down.
 */
export const paced = <T>(call: Call<T>, source: AsyncIterable<T>): Observable<T> =>
  new Observable<T>((out) => {
    const iterator = source[Symbol.asyncIterator]();
    const pump = async (): Promise<void> => {
      while (!out.closed && !call.cancelled) {
        const turn: IteratorResult<T, unknown> = await iterator.next();
        if (turn.done === true) {
          out.complete();
          return;
        }
        out.next(turn.value);
        if (call.writableNeedDrain) await drained(call);
      }
    };
    pump().catch((error: unknown) => out.error(error));
    return () => {
      // The source is told; what it answers is of no use to anyone now.
      iterator.return?.().catch(() => undefined);
    };
  });
