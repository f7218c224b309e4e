import { BanyanError, isBanyanError, type Logger } from '@banyan/kernel';
import {
  type ArgumentsHost,
  type ExceptionFilter,
  type LoggerService,
  type Type,
  type DynamicModule,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CallerResolver } from '../ports/caller-resolver.js';
import type { DatacenterForwarder } from '../ports/datacenter-forwarder.js';
import { browserHook } from './browser-hook.js';
import { CallGuard } from './call-guard.js';
import { EdgeAdapter, type EdgeOptions, pathOf } from './edge-adapter.js';
import { forwardHook } from './forward-hook.js';
import { HttpCall, openCall, requestToken } from './http-call.js';
import { INJECTED_HEADER } from './injections.js';
import { listRoutes } from './list-routes.js';
import { witnessCalls } from './witness-calls.js';

/** Options of {@link createHttpApplication}. */
export interface HttpApplicationOptions extends EdgeOptions {
  /** The datacenter whose requests are answered here; a different `?dc=` is forwarded. */
  readonly datacenter: string;
  /** Carries requests with a foreign `?dc=` away; absent: they are refused. */
  readonly forwarder?: DatacenterForwarder;
  /** Names beside addresses, `localhost` and names without a dot under which browsers may ask. */
  readonly hosts?: readonly string[];
  /** The module provides a `CallWitness`, which sees every act and every denied call. */
  readonly witnessed?: boolean;
}

/**
 * Makes the HTTP edge of a process from a Nest module with controllers. The module provides {@link CallerResolver}. Not
 * yet initialised: routes below Nest can be
 * registered on `app.getHttpAdapter().getInstance()`, then call `app.init()` or `app.listen(port, host)`.
 */
export const createHttpApplication = async (
  module: Type | DynamicModule,
  options: HttpApplicationOptions,
): Promise<NestFastifyApplication> => {
  const edge = new EdgeAdapter(options);
  acceptBodies(edge);
  openCalls(edge, options.logger);
  edge.getInstance().addHook('onRequest', browserHook(options.hosts ?? []));
  const app = await NestFactory.create<NestFastifyApplication>(module, edge, {
    bodyParser: false,
    abortOnError: false,
    forceCloseConnections: true,
    logger: new NestLogger(options.logger),
  });
  app.useGlobalFilters(new ErrorFilter(edge));
  app.useGlobalGuards(new CallGuard(app.get(CallerResolver, { strict: false })));
  if (options.witnessed === true) witnessCalls(app, edge.getInstance());
  forwardForeign(app, edge, options);
  return app;
};

/** Bodies are kept as bytes whatever their Content-Type says: clients send JSON as a form, or say nothing at all. */
const acceptBodies = (edge: EdgeAdapter): void => {
  const instance = edge.getInstance();
  instance.removeAllContentTypeParsers();
  instance.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
};

const openCalls = (edge: EdgeAdapter, logger: Logger): void => {
  const instance = edge.getInstance();
  instance.addHook('onRequest', (request, reply, done) => {
    const injection = edge.injections.take(request.headers[INJECTED_HEADER]);
    const liveness = { stopping: edge.stopping, outer: injection?.signal, reply, from: injection?.from };
    openCall(request, new HttpCall(requestToken(request), injection?.origin ?? 'socket', liveness));
    edge.began(request);
    reply.raw.once('close', () => edge.ended(request));
    done(
      isPrintable(request.url)
        ? undefined
        : new BanyanError('REQUEST_INVALID', 'The request path has non-printable characters'),
    );
  });
  instance.addHook('onResponse', (request, reply, done) => {
    edge.ended(request);
    const fields = {
      method: request.method,
      path: pathOf(request.url),
      status: reply.statusCode,
      elapsedMs: Math.round(reply.elapsedTime),
    };
    // Pollers leave all the time: a caller who has gone, or a server that stops, is no failure to look into.
    const aborted = reply.getHeader('X-Banyan-Error') === 'ABORTED';
    if (reply.statusCode >= 500 && !aborted) logger.warn('Answered a request with an error', fields);
    else logger.debug('Answered a request', fields);
    done();
  });
};

/** Control characters, raw or as %XX, in a path have no honest use and confuse logs. */
const isPrintable = (url: string): boolean => !/%(?:[01][0-9a-f]|7f)/i.test(pathOf(url));

const forwardForeign = (
  app: NestFastifyApplication,
  edge: EdgeAdapter,
  { datacenter, forwarder }: HttpApplicationOptions,
): void => {
  let forwardable: ReadonlySet<string> | undefined;
  const foreignRoutes = (): ReadonlySet<string> =>
    new Set(
      listRoutes(app)
        .filter((route) => !route.local && route.path.startsWith('/v1/'))
        .map((route) => `${route.method} ${route.path}`),
    );
  const rule = {
    datacenter,
    forwarder,
    forwardable: (route: string) => (forwardable ??= foreignRoutes()).has(route),
  };
  edge.getInstance().addHook('preHandler', forwardHook(rule));
};

/** A process alone in its federation binds none. Nest has no lookup that may fail, and does not export its error. */
/** Every error a handler, guard or decorator throws. */
class ErrorFilter implements ExceptionFilter {
  constructor(private readonly edge: EdgeAdapter) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.edge.answerError(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }
}

/** Nest's own log lines, as messages of the process's log. */
class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, context?: unknown): void {
    this.logger.debug('Nest reports', {
      detail: String(message),
      context: typeof context === 'string' ? context : undefined,
    });
  }

  warn(message: unknown): void {
    this.logger.warn('Nest warns', { detail: String(message) });
  }

  error(message: unknown): void {
    const fields = isBanyanError(message)
      ? { code: message.code, detail: message.message }
      : { detail: String(message) };
    this.logger.error('Nest reports an error', fields);
  }
}
