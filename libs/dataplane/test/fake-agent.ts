import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the agent answers for one path. */
export interface FakeAnswer {
  readonly status?: number;
  readonly body: unknown;
  readonly index?: number;
  readonly hash?: string;
}

/** An HTTP agent with blocking queries: a request that knows the present index or hash waits for the next answer. */
export class FakeAgent {
  readonly requests: { readonly url: string; readonly token: string | undefined; readonly body: string }[] = [];
  readonly #answers = new Map<string, FakeAnswer>();
  readonly #waiting = new Set<() => void>();
  #server: Server = createServer();
  #port = 0;

  get address(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
    this.#waiting.clear();
  }

  /** `path` without index, hash and wait. */
  set(path: string, answer: FakeAnswer): void {
    this.#answers.set(path, answer);
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk as string;
    const url = request.url ?? '';
    this.requests.push({ url, token: request.headers['x-consul-token'] as string | undefined, body });
    this.#answer(new URL(url, 'http://agent'), response);
  }

  #answer(url: URL, response: ServerResponse): void {
    const known = { index: url.searchParams.get('index'), hash: url.searchParams.get('hash') };
    const plain = new URL(url);
    for (const name of ['index', 'hash', 'wait']) plain.searchParams.delete(name);
    const answer = this.#answers.get(`${plain.pathname}${plain.search}`);
    if (answer === undefined) {
      response.writeHead(404).end('unknown here');
      return;
    }
    const isKnown =
      (known.index !== null && Number(known.index) >= (answer.index ?? 0)) || known.hash === (answer.hash ?? '');
    if (isKnown) {
      this.#waiting.add(() => this.#answer(url, response));
      return;
    }
    response.writeHead(answer.status ?? 200, {
      ...(answer.index === undefined ? {} : { 'x-consul-index': String(answer.index) }),
      ...(answer.hash === undefined ? {} : { 'x-consul-contenthash': answer.hash }),
    });
    response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
  }
}
