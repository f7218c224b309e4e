import { ANONYMOUS, type Caller } from '@banyan/acl';
import { isBanyanError } from '@banyan/kernel';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { InputSchema, type RawInput } from '../domain/input.js';
import { CallerResolver } from '../ports/caller-resolver.js';
import { CallWitness, type WitnessedCall } from '../ports/call-witness.js';
import { pathOf } from './edge-adapter.js';
import { callOf, queryOf } from './http-call.js';
import { listRoutes, type Route } from './list-routes.js';

/** Answers with these say: you may not. They are seen on every route. */
const DENIALS: readonly unknown[] = [
  'PERMISSION_DENIED',
  'ACL_NOT_FOUND',
  'PEER_NOT_ALLOWED',
  'HOST_NOT_ALLOWED',
  'ORIGIN_NOT_ALLOWED',
];

/** Has the witness that the module binds see every act of the edge, and every denied call. */
export const witnessCalls = (app: NestFastifyApplication, instance: FastifyInstance): void => {
  const calls = new WitnessedCalls(app);
  instance.addHook('preHandler', (request, _reply, done) => {
    if (calls.isAct(request)) callOf(request).around = (work) => calls.around(request, work);
    done();
  });
  instance.addHook('onSend', async (request, reply, payload) => {
    const code = String(reply.getHeader('X-Banyan-Error') ?? '');
    if (calls.concerns(request, code)) await calls.answered(request, code);
    return payload;
  });
};

class WitnessedCalls {
  readonly #witness: CallWitness;
  readonly #callers: CallerResolver;
  readonly #open = new WeakMap<FastifyRequest, WitnessedCall>();
  readonly #told = new WeakSet<FastifyRequest>();
  #routes: ReadonlyMap<string, Route> | undefined;

  constructor(private readonly app: NestFastifyApplication) {
    this.#witness = app.get(CallWitness, { strict: false });
    this.#callers = app.get(CallerResolver, { strict: false });
  }

  isAct(request: FastifyRequest): boolean {
    return (this.#routeOf(request)?.action ?? '') !== '';
  }

  async around<T>(request: FastifyRequest, work: () => Promise<T>): Promise<T> {
    return this.#witness.around(await this.#seen(request), work);
  }

  /** Whether the answer has to be seen: once, even if what is told of it makes another answer. */
  concerns(request: FastifyRequest, code: string): boolean {
    const route = this.#routeOf(request);
    if (route === undefined || this.#told.has(request) || callOf(request).wasForwarded) return false;
    return (route.action ?? '') !== '' || DENIALS.includes(code);
  }

  async answered(request: FastifyRequest, code: string): Promise<void> {
    this.#told.add(request);
    await this.#witness.answered(await this.#seen(request), code);
  }

  async #seen(request: FastifyRequest): Promise<WitnessedCall> {
    const known = this.#open.get(request);
    if (known !== undefined) return known;
    const route = this.#routeOf(request);
    const seen = {
      action: route?.action ?? '',
      caller: await this.#callerOf(request),
      remoteAddress: callOf(request).remoteAddress,
      method: request.method,
      path: pathOf(request.url),
      input: () => parsed(request, route?.input),
    };
    this.#open.set(request, seen);
    return seen;
  }

  /** Refused before the guard, or on a route that asks nobody who he is: the token still says who it was. */
  async #callerOf(request: FastifyRequest): Promise<Caller | undefined> {
    const call = callOf(request);
    if (call.caller !== ANONYMOUS || call.token === undefined) return call.caller;
    try {
      return await this.#callers.resolve(call.token);
    } catch (error) {
      if (isBanyanError(error)) return undefined;
      throw error;
    }
  }

  #routeOf(request: FastifyRequest): Route | undefined {
    this.#routes ??= new Map(listRoutes(this.app).map((route) => [`${route.method} ${route.path}`, route]));
    return this.#routes.get(`${request.method} ${request.routeOptions.url ?? ''}`);
  }
}

/** Only read, to tell what it was about; the handler parses for itself and refuses what does not fit. */
const parsed = (request: FastifyRequest, schema: Route['input']): unknown => {
  if (!(schema instanceof InputSchema)) return undefined;
  try {
    return schema.parse({
      params: request.params as RawInput['params'],
      query: queryOf(request),
      body: request.body as Uint8Array | undefined,
    });
  } catch (error) {
    if (isBanyanError(error)) return undefined;
    throw error;
  }
};
