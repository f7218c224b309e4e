import type { AgentCache } from '@banyan/agent-cache';
import { callOf } from '@banyan/http-kit';
import type { Random } from '@banyan/kernel';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { matchPath } from '../domain/match-path.js';
import { waitOf } from '../domain/wait-query.js';
import type { ServerCalls } from '../ports/server-calls.js';
import { cacheHeaders, indexHeaders, pretty, sendJson } from './connect-routes.js';

export interface ServerRoutesParts {
  readonly cache: AgentCache;
  readonly servers: ServerCalls;
  readonly random: Random;
}

/** Reads that `?cached` serves from memory (contract §0.9); everything else goes to a server each time. */
const CACHEABLE = /^\/v1\/(?:health\/(?:connect|service)\/[^/]+|connect\/intentions\/match)$/;
/** What belongs to one call, not to the read that is followed. */
const PER_CALL = new Set(['index', 'wait', 'token', 'cached', 'pretty', 'stale', 'consistent']);

/** Everything under /v1 that the agent does not answer itself, for a server of its datacenter. */
export class ServerRoutes {
  constructor(private readonly parts: ServerRoutesParts) {}

  register(instance: FastifyInstance): void {
    instance.route({
      method: ['GET', 'PUT', 'POST', 'DELETE'],
      url: '/v1/*',
      handler: (request, reply) =>
        isCached(request) ? this.#fromMemory(request, reply) : this.#forward(request, reply),
    });
  }

  async #fromMemory(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const call = callOf(request);
    const { entry, hit } = this.parts.cache.entry({ path: followedPath(request.url), token: call.token });
    const { value, ageSeconds } = await entry.read({
      ...waitOf(request.query, this.parts.random),
      signal: call.signal,
    });
    indexHeaders(reply, value.index);
    cacheHeaders(reply, { hit, ageSeconds });
    return sendJson(reply, pretty(request, value.body));
  }

  async #forward(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const call = callOf(request);
    const answer = await this.parts.servers.forward({
      method: request.method,
      path: pathWithout(request.url, new Set(['token'])),
      token: call.token,
      body: (request.body as Uint8Array | undefined) ?? new Uint8Array(),
      signal: call.signal,
      remoteAddress: call.remoteAddress,
    });
    for (const [name, value] of Object.entries(answer.headers)) {
      if (name !== 'x-banyan-index') reply.header(name, value);
    }
    return reply.code(answer.status).send(answer.body.length === 0 ? undefined : Buffer.from(answer.body));
  }
}

/** With `consistent` it is a contradiction (contract §0.8): the servers say so. */
const isCached = (request: FastifyRequest): boolean => {
  const { cached, consistent } = request.query as { cached?: unknown; consistent?: unknown };
  if (request.method !== 'GET' || cached === undefined || consistent !== undefined) return false;
  return CACHEABLE.test(request.url.split('?', 1)[0]!);
};

/** The read that is followed. A match for one destination is the very entry that authorize decides by. */
const followedPath = (url: string): string => {
  const path = pathWithout(url, PER_CALL);
  const { pathname, searchParams } = new URL(path, 'http://agent');
  const names = searchParams.getAll('name');
  const onlyMatch = pathname === '/v1/connect/intentions/match' && [...searchParams.keys()].length === 2;
  return onlyMatch && names.length === 1 && searchParams.get('by') === 'destination' ? matchPath(names[0]!) : path;
};

const pathWithout = (url: string, names: ReadonlySet<string>): string => {
  const at = url.indexOf('?');
  if (at < 0) return url;
  const kept = url
    .slice(at + 1)
    .split('&')
    .filter((pair) => pair !== '' && !names.has(decodedName(pair.split('=', 1)[0]!)));
  return kept.length === 0 ? url.slice(0, at) : `${url.slice(0, at)}?${kept.join('&')}`;
};

/** An undecodable name is nobody's parameter. */
const decodedName = (name: string): string => {
  try {
    return decodeURIComponent(name.replaceAll('+', ' '));
  } catch (error) {
    if (error instanceof URIError) return name;
    throw error;
  }
};
