import { BanyanError, SecretText } from '@banyan/kernel';
import { inChildSpan, traceCarrier } from '@banyan/telemetry';
import { type Client, Metadata, type ServiceError } from '@grpc/grpc-js';
import type { z } from 'zod';
import { methodOf } from '../wire/proto.js';

/** A method and the schema its replies must follow. */
export interface Method<R extends z.ZodType> {
  readonly service: string;
  readonly name: string;
  readonly reply: R;
  /** Whether a call that may already have been carried out can be sent again to another server. */
  readonly repeatable: boolean;
}

/** Where and until when a call is made. */
export interface Invocation {
  readonly client: Client;
  /** Absolute, epoch ms; Infinity for streams. */
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;
}

/** The one place where a token becomes text again: on its way into the encrypted channel. */
const wire = (request: object): object =>
  Object.fromEntries(
    Object.entries(request).map(([name, value]: [string, unknown]) => [
      name,
      value instanceof SecretText ? value.reveal() : value,
    ]),
  );

const aborted = (signal: AbortSignal): BanyanError =>
  new BanyanError('ABORTED', 'the call was cancelled', { cause: signal.reason });

/** Throws `ABORTED` when `signal` is. */
export const throwIfAborted = (signal: AbortSignal | undefined): void => {
  if (signal?.aborted) throw aborted(signal);
};

const checked = <R extends z.ZodType>(method: Method<R>, message: unknown): z.output<R> => {
  const result = method.reply.safeParse(message);
  if (result.success) return result.data;
  throw new BanyanError('INTERNAL', `the server's ${method.name} answer does not follow its schema`);
};

/** One unary call. Rejects with gRPC's own ServiceError, or `ABORTED`, or `INTERNAL` for an answer out of its schema. */
export const invoke = <R extends z.ZodType>(method: Method<R>, request: object, to: Invocation): Promise<z.output<R>> =>
  inChildSpan(
    {
      name: `${method.service}/${method.name}`,
      attributes: { 'rpc.system': 'grpc', 'server.address': to.client.getChannel().getTarget() },
      kind: 'CLIENT',
    },
    () => call(method, request, to),
  );

const call = <R extends z.ZodType>(method: Method<R>, request: object, to: Invocation): Promise<z.output<R>> =>
  new Promise((resolve, reject) => {
    throwIfAborted(to.signal);
    const { path, requestSerialize, responseDeserialize } = methodOf(method.service, method.name);
    const settle = (error: ServiceError | null, message?: object): void => {
      to.signal?.removeEventListener('abort', cancel);
      if (error !== null) {
        reject(to.signal?.aborted ? aborted(to.signal) : error);
        return;
      }
      try {
        resolve(checked(method, message));
      } catch (invalid) {
        reject(invalid);
      }
    };
    const options = { deadline: to.deadline };
    const sent = to.client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      wire(request),
      contextMetadata(),
      options,
      settle,
    );
    const cancel = (): void => sent.cancel();
    to.signal?.addEventListener('abort', cancel, { once: true });
  });

/** The context of the trace that is under way, if one is; nothing else travels beside a request. */
const contextMetadata = (): Metadata => {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(traceCarrier())) metadata.set(name, value);
  return metadata;
};

/**
 * One server stream, pulled at the reader's pace; leaving the loop cancels the call. Throws like {@link invoke}.
 */
export async function* invokeStream<R extends z.ZodType>(
  method: Method<R>,
  request: object,
  to: Invocation,
): AsyncGenerator<z.output<R>, void, void> {
  throwIfAborted(to.signal);
  const { path, requestSerialize, responseDeserialize } = methodOf(method.service, method.name);
  const call = to.client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, wire(request), {
    deadline: to.deadline,
  });
  // A cancelled call reports CANCELLED after the reader has left, when nobody else listens.
  call.on('error', () => undefined);
  const cancel = (): void => call.cancel();
  to.signal?.addEventListener('abort', cancel, { once: true });
  try {
    for await (const message of call) yield checked(method, message);
  } catch (error) {
    throw to.signal?.aborted ? aborted(to.signal) : error;
  } finally {
    to.signal?.removeEventListener('abort', cancel);
    call.cancel();
  }
}
