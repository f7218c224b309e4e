import { requirePermission } from '@banyan/acl';
import { type BundleEntry, type Leaf, type LeafCache } from '@banyan/agent-cache';
import { callOf, type HttpCall } from '@banyan/http-kit';
import { parseServiceName } from '@banyan/identity';
import { BanyanError, type Random } from '@banyan/kernel';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { waitOf } from '../domain/wait-query.js';
import { indentJson } from '../domain/indent-json.js';
import type { AgentSettings } from '../ports/agent-settings.js';
import type { Authorizer } from './authorizer.js';
import { AUTHORIZE_PATH } from './hot-authorize.js';
import type { TokenCache } from './token-cache.js';

export interface ConnectRoutesParts {
  readonly authorizer: Authorizer;
  readonly leaves: LeafCache;
  readonly bundle: BundleEntry;
  readonly tokens: TokenCache;
  readonly settings: AgentSettings;
  readonly random: Random;
}

/**
 * The three calls that workloads make all the time, below Nest's pipeline: token check and answer from memory, bodies as
 * the servers serialized them. Contract §2.
 */
export class ConnectRoutes {
  constructor(private readonly parts: ConnectRoutesParts) {}

  register(instance: FastifyInstance): void {
    instance.post(AUTHORIZE_PATH, (request, reply) => this.#authorize(request, reply));
    instance.get('/v1/agent/connect/ca/roots', (request, reply) => this.#roots(request, reply));
    instance.get('/v1/agent/connect/ca/leaf/*', (request, reply) => this.#leaf(request, reply));
  }

  async #authorize(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const call = callOf(request);
    const body = request.body as Uint8Array | undefined;
    const authorized = await this.parts.authorizer.answer(call.token, body, () => call.signal);
    cacheHeaders(reply, authorized);
    return sendJson(reply, pretty(request, authorized.json));
  }

  async #roots(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const call = callOf(request);
    const { minIndex, waitMs } = waitOf(request.query, this.parts.random);
    const hit = this.parts.bundle.entry.current !== undefined;
    const { value, ageSeconds } = await this.parts.bundle.entry.read({
      minIndex,
      waitMs,
      // Only a waiting call needs its signal, and making one costs more than the answer.
      signal: minIndex === 0 && hit ? NEVER : call.signal,
    });
    indexHeaders(reply, value.index);
    cacheHeaders(reply, { hit, ageSeconds });
    return sendJson(reply, pretty(request, value.body));
  }

  async #leaf(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const call = callOf(request);
    const service = parseServiceName((request.params as { '*': string })['*']);
    await this.#requireService(call, service);
    this.#requireOwnDatacenter(request);
    const { minIndex, waitMs } = waitOf(request.query, this.parts.random);
    const { entry, hit } = this.parts.leaves.entry(service, call.token);
    const leaf = await entry.read({ minIndex, waitMs, signal: minIndex === 0 && hit ? NEVER : call.signal });
    reply.header('X-Consul-Index', String(leaf.index));
    cacheHeaders(reply, { hit, ageSeconds: 0 });
    return sendJson(reply, pretty(request, leafJson(service, leaf)));
  }

  async #requireService(call: HttpCall, service: string): Promise<void> {
    const caller = await this.parts.tokens.resolve(call.token);
    call.caller = caller;
    requirePermission(caller, { resource: 'service', access: 'write', name: service });
  }

  #requireOwnDatacenter(request: FastifyRequest): void {
    const { dc } = request.query as { dc?: string };
    if (dc !== undefined && dc !== '' && dc !== this.parts.settings.datacenter) {
      throw new BanyanError(
        'DATACENTER_UNKNOWN',
        `a leaf is signed by the agent's own datacenter, ${this.parts.settings.datacenter}`,
      );
    }
  }
}

const NEVER = new AbortController().signal;

/** A leaf as the contract shows it; serialized once per certificate. */
const leafJson = (service: string, leaf: Leaf): string => {
  const known = serialized.get(leaf);
  if (known !== undefined) return known;
  const text = JSON.stringify({
    SerialNumber: leaf.certificate.serialHex,
    CertPEM: leaf.chainPem,
    PrivateKeyPEM: leaf.privateKeyPem,
    Service: service,
    ServiceURI: leaf.uri,
    ValidAfter: goTime(leaf.certificate.notBefore),
    ValidBefore: goTime(leaf.certificate.notAfter),
    CreateIndex: leaf.index,
    ModifyIndex: leaf.index,
  });
  serialized.set(leaf, text);
  return text;
};
const serialized = new WeakMap<Leaf, string>();

const goTime = (moment: number): string => new Date(moment).toISOString().replace('.000Z', 'Z');

/** The body as it is, or indented when `?pretty` asks for it. */
export const pretty = (request: FastifyRequest, body: Buffer | string): Buffer | string =>
  (request.query as { pretty?: string }).pretty === undefined ? body : indentJson(body.toString());

/** The three headers of a blocking read; an index is never told as 0 (contract §0.6). */
export const indexHeaders = (reply: FastifyReply, index: number): void => {
  reply.header('X-Consul-Index', String(Math.max(1, index)));
  reply.header('X-Consul-KnownLeader', 'true');
  reply.header('X-Consul-LastContact', '0');
};

/** `Age` is told on a HIT only (contract §0.6). */
export const cacheHeaders = (reply: FastifyReply, o: { hit: boolean; ageSeconds: number }): void => {
  reply.header('X-Cache', o.hit ? 'HIT' : 'MISS');
  if (o.hit) reply.header('Age', String(o.ageSeconds));
};

/** Answers JSON text as bytes, so that nobody adds a charset to its type. */
export const sendJson = (reply: FastifyReply, body: Buffer | string): FastifyReply =>
  reply.header('Content-Type', 'application/json').send(typeof body === 'string' ? Buffer.from(body) : body);
