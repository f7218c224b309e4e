import { BanyanError, isBanyanError, type Logger, messageOf } from '@banyan/kernel';
import { continueTrace } from '@banyan/telemetry';
import type { Metadata, ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js';
import { RpcException } from '@nestjs/microservices';
import { catchError, type Observable, throwError } from 'rxjs';
import type { z } from 'zod';
import type { OpenCall, PeerCall } from '../../ports/rpc-call.js';
import { verifiedPeer } from '../tls/spiffe-gate.js';
import { statusOf } from '../wire/error-status.js';
import { paced } from './paced.js';

type UnaryCall = ServerUnaryCall<unknown, unknown>;
type StreamCall<T> = ServerWritableStream<unknown, T>;

/** The circumstances of a call, with a signal that is aborted when the caller has gone. */
export const openCall = (call: UnaryCall | StreamCall<unknown>): OpenCall => {
  const controller = new AbortController();
  const abort = (): void => controller.abort(new BanyanError('ABORTED', 'the caller has gone away'));
  if (call.cancelled) abort();
  else call.once('cancelled', abort);
  return { remoteAddress: call.getPeer(), signal: controller.signal };
};

/** The same for a call that the gate admitted. Throws `PEER_UNAUTHENTICATED`. */
export const peerCall = (metadata: Metadata, call: UnaryCall | StreamCall<unknown>): PeerCall => {
  const { id } = verifiedPeer(metadata);
  return { peer: id, ...openCall(call) };
};

/** Checks a request against its schema. Throws `REQUEST_INVALID` with the fields' names, never their values. */
export const parsed = <S extends z.ZodType>(schema: S, request: unknown): z.output<S> => {
  const result = schema.safeParse(request);
  if (result.success) return result.data;
  const fields = [...new Set(result.error.issues.map((issue) => issue.path.join('.')))].slice(0, 5).join(', ');
  throw new BanyanError('REQUEST_INVALID', `fields out of their bounds: ${fields}`);
};

/** Every failure leaves as a gRPC status; a defect is logged here and told to nobody else. */
const failure = (logger: Logger, error: unknown): RpcException => {
  if (!isBanyanError(error)) logger.error('a gRPC handler failed', { reason: messageOf(error) });
  return new RpcException(statusOf(error));
};

/** Runs a unary handler. */
export const answer = async <T>(logger: Logger, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    throw failure(logger, error);
  }
};

/**
 * Runs a unary handler of a peer whose certificate was verified: in the trace that its request carries, if it carries one.
 * Of strangers no trace is taken over: it would be they who decide what is recorded.
 */
export const answerPeer = <T>(
  logger: Logger,
  { name, metadata }: { readonly name: string; readonly metadata: Metadata },
  work: () => Promise<T>,
): Promise<T> => {
  const carrier = Object.fromEntries(
    ['traceparent', 'tracestate'].flatMap((key) => metadata.get(key).map((value) => [key, String(value)] as const)),
  );
  const span = { name, attributes: { 'rpc.system': 'grpc' } };
  return answer(logger, () => continueTrace(carrier, span, work));
};

/** Runs a streaming handler, at the pace of its reader. */
export const answerStream = <T>(logger: Logger, call: StreamCall<T>, work: () => AsyncIterable<T>): Observable<T> => {
  try {
    return paced<T>(call, work()).pipe(catchError((error: unknown) => throwError(() => failure(logger, error))));
  } catch (error) {
    return throwError(() => failure(logger, error));
  }
};
