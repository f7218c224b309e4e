import { Agent, type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as SecureAgent, request as requestHttps } from 'node:https';
import { BanyanError, type SecretText, type Timers } from '@banyan/kernel';
import { timeLimit } from './time-limit.js';

/** A catalog answer with thousands of instances fits well; anything longer is not from our agent. */
const LONGEST_BODY_BYTES = 16 * 1024 * 1024;

/** Where the agent is, and on whose behalf it is asked. */
export interface AgentAddress {
  /** `http://host:port`, `https://host:port` or `unix:///path`. */
  readonly address: string;
  readonly token: SecretText | undefined;
  readonly timers: Timers;
}

/** One call of the agent. */
export interface AgentRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** Path with query; it never carries the token. */
  readonly path: string;
  readonly body?: string;
  readonly limitMs: number;
  readonly signal?: AbortSignal;
}

/** An answer of any status. */
export interface AgentAnswer {
  readonly status: number;
  readonly body: string;
  /** X-Consul-Index, where the answer has one. */
  readonly index: number | undefined;
  /** X-Consul-ContentHash, where the answer has one. */
  readonly contentHash: string | undefined;
}

interface Target {
  readonly secure: boolean;
  readonly options: { readonly socketPath: string } | { readonly host: string; readonly port: number };
}

const DEFAULT_PORT = { 'http:': 80, 'https:': 443 } as const;

const parseAddress = (address: string): Target => {
  if (address.startsWith('unix://')) {
    return { secure: false, options: { socketPath: address.slice('unix://'.length) } };
  }
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new BanyanError(
      'CONFIG_INVALID',
      `the agent's address ${address} is not http://host:port, https:// or unix://`,
    );
  }
  const port = url.port === '' ? DEFAULT_PORT[url.protocol] : Number(url.port);
  return { secure: url.protocol === 'https:', options: { host: url.hostname, port } };
};

const header = (message: IncomingMessage, name: string): string | undefined => {
  const value = message.headers[name];
  return typeof value === 'string' ? value : undefined;
};

const readAnswer = async (message: IncomingMessage): Promise<AgentAnswer> => {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of message) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length > LONGEST_BODY_BYTES) throw new BanyanError('INPUT_TOO_LARGE', 'the answer is longer than 16 MiB');
  }
  const index = Number(header(message, 'x-consul-index'));
  return {
    status: message.statusCode ?? 0,
    body: Buffer.concat(chunks).toString('utf8'),
    index: Number.isSafeInteger(index) && index > 0 ? index : undefined,
    contentHash: header(message, 'x-consul-contenthash'),
  };
};

/** HTTP to one agent, over kept-alive connections. Redirects are not followed: the token would travel along. */
export class AgentHttpClient {
  readonly #target: Target;
  readonly #pool: Agent;

  /** Throws `CONFIG_INVALID` for an address it cannot use. */
  constructor(private readonly at: AgentAddress) {
    this.#target = parseAddress(at.address);
    this.#pool = this.#target.secure ? new SecureAgent({ keepAlive: true }) : new Agent({ keepAlive: true });
  }

  get address(): string {
    return this.at.address;
  }

  /** Any status is an answer. Throws `SERVER_UNREACHABLE`, `TIMEOUT`, `INPUT_TOO_LARGE`, or the signal's reason. */
  async ask(request: AgentRequest): Promise<AgentAnswer> {
    const limit = timeLimit(this.at.timers, request.limitMs, `${request.method} ${request.path}`, request.signal);
    try {
      return await readAnswer(await this.#send(request, limit.signal));
    } catch (cause) {
      if (limit.signal.aborted) throw limit.signal.reason;
      if (cause instanceof BanyanError) throw cause;
      const reason = cause instanceof Error ? cause.message || String(Object(cause).code) : String(cause);
      throw new BanyanError('SERVER_UNREACHABLE', `the agent at ${this.at.address} does not answer: ${reason}`, {
        cause,
      });
    } finally {
      limit.end();
    }
  }

  close(): void {
    this.#pool.destroy();
  }

  #send(request: AgentRequest, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const { token } = this.at;
      const headers: Record<string, string> = { accept: 'application/json' };
      if (token !== undefined) headers['x-consul-token'] = token.reveal();
      if (request.body !== undefined) {
        headers['content-type'] = 'application/json';
        headers['content-length'] = String(Buffer.byteLength(request.body));
      }
      const options = {
        ...this.#target.options,
        agent: this.#pool,
        method: request.method,
        path: request.path,
        headers,
        signal,
      };
      const sent: ClientRequest = this.#target.secure ? requestHttps(options) : requestHttp(options);
      sent.once('response', resolve);
      sent.once('error', reject);
      sent.end(request.body);
    });
  }
}
