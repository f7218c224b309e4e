import { ANONYMOUS, type Caller } from '@banyan/acl';
import { BanyanError, type SecretText } from '@banyan/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { InjectionOrigin } from './injections.js';
import { tokenOf } from '../domain/token-lookup.js';

/** What a handler may know about a request beside its input: who asks, and when to stop working for them. */
export class HttpCall {
  /** The anonymous caller until the guard has resolved the token; stays so on public routes. */
  caller: Caller = ANONYMOUS;
  /** Runs the handler of an act so that a witness sees it; absent where there is none. */
  around: (<T>(work: () => Promise<T>) => Promise<T>) | undefined;
  /** Another datacenter answered it. */
  wasForwarded = false;
  /** `host:port` it came from, for what is recorded of it and never for decisions. */
  readonly remoteAddress: string;
  #abort: AbortController | undefined;

  constructor(
    /** The secret the request carried, if any. */
    readonly token: SecretText | undefined,
    /** True when the request came in through `injectHttp`: it is never forwarded again. */
    readonly origin: 'socket' | InjectionOrigin,
    private readonly liveness: {
      readonly stopping: AbortSignal;
      readonly outer: AbortSignal | undefined;
      readonly reply: FastifyReply;
      /** Of an injected request: where it came from. */
      readonly from?: string | undefined;
    },
  ) {
    this.remoteAddress = origin === 'socket' ? socketAddress(liveness.reply) : (liveness.from ?? origin);
  }

  /** Whether a socket of this machine's loopback sent it. An injected request came from elsewhere, whatever it says. */
  get fromLoopback(): boolean {
    const address = this.liveness.reply.request.raw.socket.remoteAddress ?? '';
    return this.origin === 'socket' && (address === '::1' || /^(::ffff:)?127\./.test(address));
  }

  /** Aborted (`ABORTED`) when the client goes away, the injecting caller gives up, or the process stops. Made on first use. */
  get signal(): AbortSignal {
    this.#abort ??= this.#follow();
    return this.#abort.signal;
  }

  #follow(): AbortController {
    const abort = new AbortController();
    const { stopping, outer, reply } = this.liveness;
    const stop = (): void => abort.abort(new BanyanError('ABORTED', 'The server is stopping; ask another one'));
    const giveUp = (): void => abort.abort(new BanyanError('ABORTED', 'The caller went away'));
    // A client that left before anybody looked: its close is over, and would take no listener away.
    if (reply.raw.destroyed) {
      giveUp();
      return abort;
    }
    if (stopping.aborted) stop();
    if (outer?.aborted === true) giveUp();
    stopping.addEventListener('abort', stop, { once: true });
    outer?.addEventListener('abort', giveUp, { once: true });
    const forget = (): void => {
      stopping.removeEventListener('abort', stop);
      outer?.removeEventListener('abort', giveUp);
      reply.raw.off('close', giveUp);
    };
    // `close` without `finish` before it: the client left while the answer was still to come.
    reply.raw.once('finish', forget).once('close', giveUp).once('close', forget);
    return abort;
  }
}

const socketAddress = ({ request }: FastifyReply): string => {
  const { remoteAddress = '', remotePort } = request.raw.socket;
  const host = remoteAddress.replace(/^::ffff:/, '');
  return `${host.includes(':') ? `[${host}]` : host}:${remotePort ?? 0}`;
};

const calls = new WeakMap<FastifyRequest, HttpCall>();

/** Opens the call of a request; once, before anything else looks at it. */
export const openCall = (request: FastifyRequest, call: HttpCall): void => {
  calls.set(request, call);
};

/** The call of a request; for routes that are registered on fastify itself. Throws `INTERNAL` outside an edge of this kit. */
export const callOf = (request: FastifyRequest): HttpCall => {
  const call = calls.get(request);
  if (call === undefined) throw new BanyanError('INTERNAL', 'a request reached a handler without a call');
  return call;
};

/** The token of a fastify request, in the contract's order. */
export const requestToken = (request: FastifyRequest): SecretText | undefined =>
  tokenOf({ query: queryOf(request), headers: request.headers });

/** The decoded query of a fastify request. */
export const queryOf = (request: FastifyRequest): Readonly<Record<string, string | readonly string[]>> =>
  (request.query ?? {}) as Readonly<Record<string, string | readonly string[]>>;

/** Gives a handler its {@link HttpCall}. */
export const Call = createParamDecorator((_unused: unknown, context: ExecutionContext) =>
  callOf(context.switchToHttp().getRequest<FastifyRequest>()),
);
