import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

/** Which route's answer the events of a topic carry. The others carry only an index. */
const CARRIED: Readonly<Record<string, string>> = {
  federation: '/v1/operator/federation',
  rotations: '/v1/connect/ca/rotations',
  replication: '/v1/replication',
  adoption: '/v1/connect/ca/adoption',
  authorities: '/v1/connect/ca/authorities',
};
const INDEXED = ['intentions', 'services', 'tokens', 'ledger', 'audit'];

/**
 * Stands in front of a server and is its stream of events: everything else is passed on. It tells of changes as fast as a test
 * wants, with what the server really answers.
 */
export class EventFlood {
  readonly #server: Server;
  readonly #streams = new Set<ServerResponse>();
  #told = 0;

  private constructor(private readonly target: string) {
    this.#server = createServer((incoming, outgoing) => {
      if (incoming.url?.startsWith('/v1/operator/events') === true) this.#stream(outgoing);
      else this.#pass(incoming, outgoing);
    });
  }

  static async before(target: string): Promise<EventFlood> {
    const flood = new EventFlood(target);
    flood.#server.listen(0, '127.0.0.1');
    await once(flood.#server, 'listening');
    return flood;
  }

  get address(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('it does not listen');
    return `127.0.0.1:${address.port}`;
  }

  /** Tells of so many rounds of changes: in each, of every topic. Resolves when the page's end of the stream took them. */
  async tell(rounds: number, everyMs: number, token: string): Promise<void> {
    const answers = await Promise.all(
      Object.entries(CARRIED).map(async ([topic, path]) => {
        const response = await fetch(`http://${this.target}${path}`, { headers: { 'x-consul-token': token } });
        return [topic, await response.text()] as const;
      }),
    );
    for (let round = 0; round < rounds; round += 1) {
      this.#told += 1;
      const events = [...answers, ...INDEXED.map((topic) => [topic, JSON.stringify({ Index: this.#told })] as const)];
      const text = events
        .map(([topic, data]) => `event: ${topic}\ndata: ${data.replaceAll(/\s*\n\s*/g, '')}\n\n`)
        .join('');
      await Promise.all([...this.#streams].map((stream) => this.#write(stream, text)));
      await pause(everyMs);
    }
  }

  async stop(): Promise<void> {
    for (const stream of this.#streams) stream.destroy();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #write(stream: ServerResponse, text: string): Promise<void> {
    if (!stream.write(text)) await once(stream, 'drain');
  }

  #stream(outgoing: ServerResponse): void {
    outgoing.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    outgoing.write(': open\n\n');
    this.#streams.add(outgoing);
    outgoing.on('close', () => this.#streams.delete(outgoing));
  }

  #pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const [hostname, port] = this.target.split(':');
    const sent = request(
      {
        hostname,
        port,
        method: incoming.method,
        path: incoming.url,
        headers: {
          ...incoming.headers,
          host: this.target,
          ...(incoming.headers.origin !== undefined && { origin: `http://${this.target}` }),
        },
      },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    sent.on('error', () => outgoing.destroy());
    outgoing.on('close', () => sent.destroy());
    incoming.pipe(sent);
  }
}
