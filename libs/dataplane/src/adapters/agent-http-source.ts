import { BanyanError, type Logger, type Random, type SecretText, type Timers } from '@banyan/kernel';
import type { Endpoint, Sidecar, Upstream } from '../domain/sidecar.js';
import {
  type Authorization,
  type AuthorizeQuestion,
  type LeafMaterial,
  MeshSource,
  type TrustMaterial,
} from '../ports/mesh-source.js';
import { readAuthorization, readEndpoints, readLeaf, readSidecar, readTrust } from './agent-answers.js';
import { AgentHttpClient } from './agent-http-client.js';
import { AgentPresence, type AgentWatchOptions, watchAgent } from './agent-watch.js';

/** An agent answers from memory; after this long the connection is refused. */
const AUTHORIZE_LIMIT_MS = 3_000;

export interface AgentHttpSourceOptions {
  /** `http://host:port`, `https://host:port` or `unix:///path`. */
  readonly address: string;
  /** Needs service:write on the service, and service:read and node:read on its upstreams. */
  readonly token: SecretText | undefined;
  /** The ID of the proxy's own registration, such as `web-sidecar-proxy`. */
  readonly proxyId: string;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

/** The mesh as an agent's HTTP API tells it: the calls of Consul's built-in proxy. */
export class AgentHttpSource extends MeshSource {
  readonly #watch: AgentWatchOptions;

  /** Throws `CONFIG_INVALID` for an address it cannot use. */
  constructor(private readonly options: AgentHttpSourceOptions) {
    super();
    const { timers, random, logger } = options;
    const client = new AgentHttpClient(options);
    this.#watch = { client, presence: new AgentPresence(client.address, logger), timers, random, logger };
  }

  override watchSidecar(signal: AbortSignal): AsyncIterable<Sidecar> {
    const unsupported = (upstream: string): void =>
      this.options.logger.warn('upstream not supported; only services with a local port are', { upstream });
    return watchAgent(this.#watch, {
      name: 'sidecar',
      path: `/v1/agent/service/${encodeURIComponent(this.options.proxyId)}`,
      form: 'hash',
      read: (body) => readSidecar(body, unsupported),
      signal,
    });
  }

  override watchLeaf(service: string, signal: AbortSignal): AsyncIterable<LeafMaterial> {
    const path = `/v1/agent/connect/ca/leaf/${encodeURIComponent(service)}`;
    return watchAgent(this.#watch, { name: 'leaf', path, form: 'index', read: readLeaf, signal });
  }

  override watchTrust(signal: AbortSignal): AsyncIterable<TrustMaterial> {
    const path = '/v1/agent/connect/ca/roots';
    return watchAgent(this.#watch, { name: 'roots', path, form: 'index', read: readTrust, signal });
  }

  override watchEndpoints(upstream: Upstream, signal: AbortSignal): AsyncIterable<readonly Endpoint[]> {
    const { destination, datacenter } = upstream;
    const path = `/v1/health/connect/${encodeURIComponent(destination)}?passing=1&cached=1&dc=${encodeURIComponent(datacenter)}`;
    return watchAgent(this.#watch, {
      name: `instances of ${destination}`,
      path,
      form: 'index',
      read: readEndpoints,
      signal,
    });
  }

  override watchIntentions(target: string, signal: AbortSignal): AsyncIterable<void> {
    const path = `/v1/connect/intentions/match?by=destination&name=${encodeURIComponent(target)}&cached=1`;
    return watchAgent(this.#watch, { name: 'intentions', path, form: 'index', read: () => undefined, signal });
  }

  override async authorize(question: AuthorizeQuestion): Promise<Authorization> {
    const answer = await this.#watch.client.ask({
      method: 'POST',
      path: '/v1/agent/connect/authorize',
      body: JSON.stringify({
        Target: question.target,
        ClientCertURI: question.clientCertUri,
        ClientCertSerial: question.clientCertSerial,
      }),
      limitMs: AUTHORIZE_LIMIT_MS,
    });
    if (answer.status === 200) return readAuthorization(answer.body);
    const code = answer.status === 403 ? 'PERMISSION_DENIED' : 'SERVER_UNREACHABLE';
    throw new BanyanError(code, `the agent answered ${answer.status}: ${answer.body.slice(0, 300).trim()}`);
  }

  /** Frees the connections to the agent, after the watches were aborted. */
  close(): void {
    this.#watch.client.close();
  }
}
