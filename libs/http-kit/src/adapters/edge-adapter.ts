import { setMaxListeners } from 'node:events';
import { Readable } from 'node:stream';
import { BanyanError, isBanyanError, type Logger, type Random, type Timers } from '@banyan/kernel';
import { HttpException } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Answer, answerEmpty, answerJson } from '../domain/answer.js';
import { allowHeader, answerForError, isUnexpected, unroutedError } from '../domain/error-answer.js';
import { jsonText } from '../domain/json-text.js';
import { RouteTable } from '../domain/route-table.js';
import { Injections } from './injections.js';
import { queryOf } from './http-call.js';
import { type EdgeTls, serverOptions } from './server-options.js';

/** What an edge needs of its process. */
export interface EdgeOptions {
  readonly logger: Logger;
  readonly random: Random;
  readonly timers: Timers;
  /** Largest request body in bytes; 1 MiB unless given. */
  readonly bodyLimitBytes?: number;
  /** Longest time in ms that `close` waits for answers under way; 5 s unless given. */
  readonly drainMs?: number;
  /** Given: the edge speaks HTTPS (TLS 1.2 or later). */
  readonly tls?: EdgeTls;
}

/** Nest's fastify adapter with the answers of this API: values become bytes here, errors become plain text here. */
export class EdgeAdapter extends FastifyAdapter {
  readonly routes = new RouteTable();
  readonly injections: Injections;
  readonly #stopping = new AbortController();
  readonly #open = new Set<FastifyRequest>();
  #drained: (() => void) | undefined;

  readonly #needs: EdgeOptions;

  constructor(options: EdgeOptions) {
    super(serverOptions(options.bodyLimitBytes, options.tls));
    this.#needs = options;
    // Every waiting call listens to it; ten thousand of them are no leak.
    setMaxListeners(0, this.#stopping.signal);
    this.injections = new Injections(options.random.uuid());
    this.instance.addHook('onRoute', (route) => {
      this.routes.add(route.method, route.url);
    });
  }

  /** Aborted as soon as the edge begins to stop. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Counts a request as under way until {@link ended}. */
  began(request: FastifyRequest): void {
    this.#open.add(request);
  }

  ended(request: FastifyRequest): void {
    if (this.#open.delete(request) && this.#open.size === 0) this.#drained?.();
  }

  /** Ends waiting calls with 503, lets answers under way leave, then closes every connection. */
  override async close(): Promise<void> {
    this.#stopping.abort();
    if (this.#open.size > 0) {
      const drained = new Promise<void>((resolve) => (this.#drained = resolve));
      const limit = new AbortController();
      await Promise.race([
        drained,
        this.#needs.timers.sleep(this.#needs.drainMs ?? 5_000, limit.signal).catch(() => undefined),
      ]);
      limit.abort();
    }
    await super.close();
  }

  /** Writes what a handler returned: an {@link Answer}, or any other value as JSON with status 200. */
  override reply(response: FastifyReply | FastifyReply['raw'], body: unknown): FastifyReply {
    if (!('request' in response)) throw new BanyanError('INTERNAL', 'an answer was given to a raw response');
    return send(response, body instanceof Answer ? body : answerJson(body));
  }

  /** Answers an error in plain text, and tells the log, not the client, what was unexpected. */
  answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const coded = codedError(error);
    if (!isUnexpected(coded)) {
      send(reply, answerForError(coded as BanyanError));
      return;
    }
    const errorId = this.#needs.random.uuid();
    const fields = { errorId, method: request.method, path: pathOf(request.url), error: coded };
    this.#needs.logger.error('A request failed unexpectedly', fields);
    const answer = answerForError(isBanyanError(coded) ? coded : new BanyanError('INTERNAL', 'unexpected'));
    send(reply, answer.with({ 'X-Banyan-Error-Id': errorId }));
  }

  override setErrorHandler(): ReturnType<FastifyAdapter['setErrorHandler']> {
    return this.instance.setErrorHandler((error: unknown, request, reply) => this.answerError(error, request, reply));
  }

  override setNotFoundHandler(): ReturnType<FastifyAdapter['setNotFoundHandler']> {
    return this.instance.setNotFoundHandler((request: FastifyRequest, reply: FastifyReply) => {
      const path = pathOf(request.url);
      const declared = this.routes.methodsOf(path);
      const error = unroutedError(request.method, path, declared);
      if (error === undefined) send(reply, answerEmpty().with({ Allow: allowHeader(declared) }));
      else this.answerError(error, request, reply);
    });
  }
}

/** A request's path without its query, which may hold a token. */
export const pathOf = (url: string): string => url.split('?', 1)[0] as string;

const send = (reply: FastifyReply, answer: Answer): FastifyReply => {
  reply.code(answer.status).headers(answer.headers);
  const { body } = answer;
  if (body.kind === 'empty') return reply.send();
  if (body.kind === 'text') return reply.type(body.contentType).send(body.text);
  if (body.kind === 'parts') return reply.type(body.contentType).send(Readable.from(body.parts));
  // As bytes: fastify would add a charset to the type of a string, and JSON has none (RFC 8259 §11).
  const pretty = queryOf(reply.request)['pretty'] !== undefined;
  return reply.type('application/json').send(Buffer.from(jsonText(body.value, pretty)));
};

/** Turns what the HTTP server itself throws into coded errors; its texts name header and limit, never content. */
const codedError = (error: unknown): unknown => {
  if (isBanyanError(error)) return error;
  if (error instanceof HttpException) {
    return error.getStatus() === 404 ? new BanyanError('ROUTE_NOT_FOUND', 'Unknown path: no such API endpoint') : error;
  }
  const { code, statusCode } = (error ?? {}) as { readonly code?: unknown; readonly statusCode?: unknown };
  if (statusCode === 413) return new BanyanError('REQUEST_TOO_LARGE', 'The request body is too large');
  if (typeof code === 'string' && code.startsWith('FST_') && typeof statusCode === 'number' && statusCode < 500) {
    return new BanyanError('REQUEST_INVALID', 'The request is malformed', { cause: error });
  }
  return error;
};
