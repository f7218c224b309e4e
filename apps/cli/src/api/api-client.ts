import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { BanyanError, type EpochMs, epochMs, messageOf, parsedJson, type Timers } from '@banyan/kernel';
import { z } from 'zod';
import type { Connection } from '../connection.js';
import { HttpTransport } from './http-transport.js';
import { refusalOf } from './refusal.js';

const DEFAULT_LIMIT_MS = 15_000;
/** A blocking query is answered after its `wait` and a sixteenth of it at the latest; this is for the way. */
const WAY_MS = 10_000;
const LONGEST_BODY_BYTES = 64 * 1024 * 1024;

/** Query parameters; undefined ones are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** One question. */
export interface ApiRequest<T> {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Starts with `/`; encode what comes from a user. */
  readonly path: string;
  readonly query?: Query;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** What is read of the answer. Loose objects let the rest through to `-o json`. */
  readonly shape: z.ZodType<T>;
  /** How long it may take; 15 s. */
  readonly limitMs?: number;
  readonly signal?: AbortSignal;
}

/** An answer with what its head says. */
export interface ApiAnswer<T> {
  readonly value: T;
  /** X-Consul-Index of a route that can be waited at. */
  readonly index: number | undefined;
  /** The server's clock when it answered, to the second. */
  readonly serverTime: EpochMs | undefined;
}

/** For answers of which nothing is read. */
export const anything = z.unknown();

/** Asks the agent or server at one address. */
export class ApiClient {
  readonly #transport: HttpTransport;

  constructor(
    private readonly from: {
      readonly connection: Connection;
      /** Goes with every question as `?dc=`. */
      readonly datacenter: string | undefined;
      readonly timers: Timers;
    },
    transport = new HttpTransport(from.connection),
  ) {
    this.#transport = transport;
  }

  get address(): string {
    return this.from.connection.address;
  }

  get hasToken(): boolean {
    return this.from.connection.token !== undefined;
  }

  /** The same address, token and connections, asked for another datacenter (undefined: the server's own). */
  of(datacenter: string | undefined): ApiClient {
    return new ApiClient({ ...this.from, datacenter }, this.#transport);
  }

  /** The answer to a GET. Throws as {@link ApiClient.ask}. */
  async get<T>(path: string, shape: z.ZodType<T>, query: Query = {}): Promise<T> {
    return (await this.ask({ path, shape, query })).value;
  }

  /**
   * The answer to a GET when it has changed since `index`, or after `waitMs` as it is. With an undefined index, as it is now.
   * Throws as {@link ApiClient.ask}.
   */
  watch<T>(
    request: ApiRequest<T>,
    since: { readonly index: number | undefined; readonly waitMs: number },
  ): Promise<ApiAnswer<T>> {
    if (since.index === undefined) return this.ask(request);
    const query = { ...request.query, index: since.index, wait: `${since.waitMs}ms` };
    return this.ask({ ...request, query, limitMs: since.waitMs * (1 + 1 / 16) + WAY_MS });
  }

  /**
   * Throws the code that the answer carries, with `fields.status`; `SERVER_UNREACHABLE`, `TIMEOUT`, or `INTERNAL` when the
   * answer has another shape; or the reason of the signal.
   */
  async ask<T>(request: ApiRequest<T>): Promise<ApiAnswer<T>> {
    const message = await this.#send(request);
    const text = await this.#read(message, request);
    if ((message.statusCode ?? 0) >= 300) throw refusalOf(message, text);
    const parsed = request.shape.safeParse(text === '' ? undefined : (parsedJson(text) ?? text));
    if (!parsed.success) {
      throw new BanyanError(
        'INTERNAL',
        `${this.#nameOf(request)} answered in an unexpected shape: ${z.prettifyError(parsed.error)}`,
        { fields: { next: 'are the command line and the server of the same version? `banyan doctor` compares' } },
      );
    }
    const index = Number(message.headers['x-consul-index']);
    const date = Date.parse(message.headers.date ?? '');
    return {
      value: parsed.data,
      index: Number.isSafeInteger(index) && index > 0 ? index : undefined,
      serverTime: Number.isNaN(date) ? undefined : epochMs(date),
    };
  }

  /** Status and text of any answer, as with {@link ApiClient.ask} otherwise; for /readyz and /metrics. */
  async probe(path: string): Promise<{ readonly status: number; readonly text: string }> {
    const request = { path, shape: anything };
    const message = await this.#send(request);
    return { status: message.statusCode ?? 0, text: await this.#read(message, request) };
  }

  /** The lines of a long answer, one after another as they come; throws as {@link ApiClient.ask}. */
  async *lines(request: Omit<ApiRequest<string>, 'shape'>): AsyncGenerator<string> {
    const asked = { ...request, shape: z.string() };
    const message = await this.#send(asked);
    if ((message.statusCode ?? 0) >= 300) throw refusalOf(message, await this.#read(message, asked));
    yield* createInterface({ input: message, crlfDelay: Infinity });
  }

  close(): void {
    this.#transport.close();
  }

  #nameOf({ method, path }: ApiRequest<unknown>): string {
    return `${method ?? 'GET'} ${path} at ${this.address}`;
  }

  #pathOf({ path, query }: ApiRequest<unknown>): string {
    const fields = new URLSearchParams();
    const all: Query = { dc: this.from.datacenter, ...query };
    for (const [name, value] of Object.entries(all)) {
      if (value !== undefined) fields.set(name, String(value));
    }
    const text = fields.toString();
    return text === '' ? path : `${path}?${text}`;
  }

  async #send(request: ApiRequest<unknown>): Promise<IncomingMessage> {
    const limit = AbortSignal.timeout(request.limitMs ?? DEFAULT_LIMIT_MS);
    try {
      return await this.#transport.send({
        method: request.method ?? 'GET',
        path: this.#pathOf(request),
        body: request.body === undefined ? undefined : JSON.stringify(request.body),
        signal: request.signal === undefined ? limit : AbortSignal.any([request.signal, limit]),
      });
    } catch (cause) {
      throw this.#failureOf(cause, request, limit);
    }
  }

  async #read(message: IncomingMessage, request: ApiRequest<unknown>): Promise<string> {
    const chunks: Buffer[] = [];
    let length = 0;
    try {
      for await (const chunk of message) {
        chunks.push(chunk as Buffer);
        length += (chunk as Buffer).length;
        if (length > LONGEST_BODY_BYTES) throw new BanyanError('INPUT_TOO_LARGE', 'the answer is longer than 64 MiB');
      }
    } catch (cause) {
      throw this.#failureOf(cause, request, undefined);
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  #failureOf(cause: unknown, request: ApiRequest<unknown>, limit: AbortSignal | undefined): unknown {
    if (request.signal?.aborted === true) return request.signal.reason;
    if (cause instanceof BanyanError) return cause;
    if (limit?.aborted === true) {
      return new BanyanError('TIMEOUT', `${this.#nameOf(request)} was not answered in time`, { cause });
    }
    const code = (cause as NodeJS.ErrnoException).code ?? '';
    const reason = messageOf(cause) || code; // an address tried twice fails with an AggregateError without a message
    if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME/.test(code)) {
      return new BanyanError('SERVER_UNREACHABLE', `the certificate of ${this.address} is not accepted: ${reason}`, {
        cause,
        fields: { next: '--ca-file or BANYAN_CACERT names the CA of its https certificate' },
      });
    }
    return new BanyanError('SERVER_UNREACHABLE', `${this.address} does not answer: ${reason}`, { cause });
  }
}
