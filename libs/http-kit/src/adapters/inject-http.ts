import { BanyanError } from '@banyan/kernel';
import type { INestApplication } from '@nestjs/common';
import { EdgeAdapter } from './edge-adapter.js';
import { callerGone, INJECTED_HEADER, type InjectionOrigin } from './injections.js';

/** A request that enters the edge without a socket. */
export interface InjectedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly signal?: AbortSignal;
  /** Default `datacenter`. A request of an agent may still go to another datacenter (`?dc=`). */
  readonly origin?: InjectionOrigin;
  /** Where it came from, for what is recorded of it: `host:port`, and `via host:port` of whoever carried it. */
  readonly from?: string;
}

/** What the edge answered. Header names are in lower case. */
export interface InjectedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/**
 * Runs a request through the whole edge without a socket: how a request forwarded from another datacenter is answered.
 * From another datacenter it is never sent on. Rejects with `ABORTED` as soon as `signal` is aborted; the handler sees that signal too.
 */
export const injectHttp = async (app: INestApplication, request: InjectedRequest): Promise<InjectedAnswer> => {
  const edge = app.getHttpAdapter();
  if (!(edge instanceof EdgeAdapter))
    throw new BanyanError('INTERNAL', 'injectHttp needs an application of createHttpApplication');
  if (request.signal?.aborted === true) throw callerGone();
  const marker = edge.injections.open({
    origin: request.origin ?? 'datacenter',
    signal: request.signal,
    from: request.from,
  });
  try {
    const response = await untilAborted(edge.getInstance().inject(injection(request, marker)), request.signal);
    return { status: response.statusCode, headers: plainHeaders(response.headers), body: response.rawPayload };
  } finally {
    edge.injections.close(marker);
  }
};

const injection = (request: InjectedRequest, marker: string) => ({
  method: request.method as 'GET',
  url: request.path,
  headers: { ...request.headers, [INJECTED_HEADER]: marker },
  ...(request.body === undefined || request.body.length === 0 ? {} : { payload: Buffer.from(request.body) }),
});

const untilAborted = <T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> =>
  signal === undefined
    ? work
    : new Promise<T>((resolve, reject) => {
        const onAbort = (): void => reject(callerGone());
        signal.addEventListener('abort', onAbort, { once: true });
        work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
      });

const plainHeaders = (headers: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name.toLowerCase(), Array.isArray(value) ? value.join(', ') : String(value)]),
  );
