import { Agent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as SecureAgent, request as requestHttps } from 'node:https';
import { BanyanError } from '@banyan/kernel';
import type { Connection } from '../connection.js';

/** One request on its way. */
export interface SentRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly body: string | undefined;
  readonly signal: AbortSignal;
}

interface Target {
  readonly isSecure: boolean;
  readonly options: { readonly socketPath: string } | { readonly host: string; readonly port: number };
}

const DEFAULT_PORT = { 'http:': 80, 'https:': 443 } as const;

const targetOf = (address: string): Target => {
  if (address.startsWith('unix://')) {
    return { isSecure: false, options: { socketPath: address.slice('unix://'.length) } };
  }
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new BanyanError('CONFIG_INVALID', `${address} is not host:port, http://, https:// or unix:///path`);
  }
  const port = url.port === '' ? DEFAULT_PORT[url.protocol] : Number(url.port);
  return { isSecure: url.protocol === 'https:', options: { host: url.hostname.replace(/^\[|\]$/g, ''), port } };
};

/** HTTP and HTTPS to one address, over connections that are kept. Redirects are not followed: the token would travel along. */
export class HttpTransport {
  readonly #target: Target;
  readonly #pool: Agent;

  /** Throws `CONFIG_INVALID` for an address it cannot use. */
  constructor(private readonly connection: Connection) {
    this.#target = targetOf(connection.address);
    this.#pool = this.#target.isSecure ? new SecureAgent({ keepAlive: true }) : new Agent({ keepAlive: true });
  }

  /** The answer, of any status, as soon as its head is here. */
  send(sent: SentRequest): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const options = {
        ...this.#target.options,
        ...(this.#target.isSecure ? this.connection.tls : {}),
        agent: this.#pool,
        method: sent.method,
        path: sent.path,
        headers: this.#headers(sent.body),
        signal: sent.signal,
      };
      const request = this.#target.isSecure ? requestHttps(options) : requestHttp(options);
      request.once('response', resolve);
      request.once('error', reject);
      request.end(sent.body);
    });
  }

  close(): void {
    this.#pool.destroy();
  }

  #headers(body: string | undefined): Record<string, string> {
    const { token } = this.connection;
    return {
      accept: 'application/json',
      ...(token === undefined ? {} : { 'x-consul-token': token.reveal() }),
      ...(body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
    };
  }
}
