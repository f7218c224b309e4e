import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { boundPort, listenOn } from './listening.js';

/** Whatever can be scraped. */
export interface Scraped {
  readonly contentType: string;
  text(): Promise<string>;
}

/** Nobody who scrapes is slower than this. */
const REQUEST_LIMIT_MS = 5_000;

/** Answers `GET /metrics`, and nothing else: a sidecar has no API of its own. */
export class MetricsDoor {
  readonly #server: Server;

  constructor(scraped: Scraped) {
    this.#server = createServer({ requestTimeout: REQUEST_LIMIT_MS }, (request, response) => {
      if (request.method !== 'GET' || request.url !== '/metrics') {
        response.writeHead(404).end();
        return;
      }
      scraped.text().then(
        (text) => response.writeHead(200, { 'Content-Type': scraped.contentType }).end(text),
        () => response.writeHead(500).end(),
      );
    });
  }

  /** The port it listens at; 0 before it does. */
  get port(): number {
    return boundPort(this.#server);
  }

  /** Throws `PORT_IN_USE` or `CONFIG_INVALID` when the address cannot be had. */
  listen(host: string, port: number): Promise<void> {
    return listenOn(this.#server, host, port);
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.closeAllConnections();
    await once(this.#server.close(), 'close');
  }
}
