import { BanyanError } from '@banyan/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { DatacenterForwarder, ForwardedAnswer } from '../ports/datacenter-forwarder.js';
import { callOf, queryOf } from './http-call.js';

/** What decides whether a request is another datacenter's. */
export interface ForwardRule {
  /** The datacenter of this process. */
  readonly datacenter: string;
  readonly forwarder: DatacenterForwarder | undefined;
  /** Whether a route (`GET /v1/…`) may be forwarded at all. */
  readonly forwardable: (route: string) => boolean;
}

/**
 * Sends a request with a foreign `?dc=` to that datacenter and answers with its answer, index included. The token goes
 * along as a secret, never in the path. A request that was forwarded here already is not sent on: a loop would be two
 * datacenters that each believe the other is meant.
 */
export const forwardHook =
  (rule: ForwardRule) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const datacenter = [queryOf(request)['dc']].flat()[0];
    if (datacenter === undefined || datacenter === '' || datacenter === rule.datacenter) return undefined;
    if (!rule.forwardable(`${request.method} ${request.routeOptions.url ?? ''}`)) return undefined;
    const call = callOf(request);
    if (call.origin === 'datacenter' || rule.forwarder === undefined || datacenter.length > 64) {
      throw new BanyanError('DATACENTER_UNKNOWN', 'No path to datacenter');
    }
    const answer = await rule.forwarder.forward(datacenter, {
      method: request.method,
      path: withoutToken(request.url),
      token: call.token,
      body: (request.body as Uint8Array | undefined) ?? new Uint8Array(),
      signal: call.signal,
      remoteAddress: call.remoteAddress,
    });
    call.wasForwarded = true;
    return relay(reply, answer);
  };

/** What belongs to the answer itself, the code of a refusal with it; connection headers are this server's own. */
const RELAYED = /^(?:x-consul-|x-banyan-error|content-type$|retry-after$|allow$)/;

const relay = (reply: FastifyReply, answer: ForwardedAnswer): FastifyReply => {
  for (const [name, value] of Object.entries(answer.headers)) {
    if (RELAYED.test(name)) reply.header(name, value);
  }
  return reply.code(answer.status).send(answer.body.length === 0 ? undefined : Buffer.from(answer.body));
};

/** Removes `token` from a path's query and leaves every other byte as it was. */
export const withoutToken = (url: string): string => {
  const [path, query] = splitQuery(url);
  const kept = query
    .split('&')
    .filter((pair) => pair !== '' && decodeName(pair.split('=', 1)[0] as string) !== 'token');
  return kept.length === 0 ? path : `${path}?${kept.join('&')}`;
};

const splitQuery = (url: string): readonly [string, string] => {
  const at = url.indexOf('?');
  return at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)];
};

/** An undecodable name is nobody's parameter. */
const decodeName = (name: string): string => {
  try {
    return decodeURIComponent(name.replaceAll('+', ' '));
  } catch (error) {
    if (error instanceof URIError) return name;
    throw error;
  }
};
