import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A span as it came, with the process that made it. */
export interface CollectedSpan {
  readonly process: string;
  readonly datacenter: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, string | number | boolean>>;
}

interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly {
        readonly traceId: string;
        readonly spanId: string;
        readonly parentSpanId?: string;
        readonly name: string;
        readonly attributes: readonly Attribute[];
      }[];
    }[];
  }[];
}

const textsOf = (attributes: readonly Attribute[]): Record<string, string> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, String(Object.values(value)[0])]));

/** An OTLP receiver on 127.0.0.1 that keeps what it is sent. */
export class Collector {
  readonly #bodies: string[] = [];

  private constructor(private readonly server: Server) {}

  static async start(): Promise<Collector> {
    const server = createServer();
    const collector = new Collector(server);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        collector.#bodies.push(Buffer.concat(chunks).toString('utf8'));
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Everything that came, as it came. */
  get text(): string {
    return this.#bodies.join('\n');
  }

  get spans(): readonly CollectedSpan[] {
    return this.#bodies.flatMap((body) =>
      (JSON.parse(body) as Export).resourceSpans.flatMap(({ resource, scopeSpans }) => {
        const { 'service.name': process = '', 'banyan.datacenter': datacenter = '' } = textsOf(resource.attributes);
        return scopeSpans.flatMap(({ spans }) =>
          spans.map(({ attributes, parentSpanId = '', ...span }) => ({
            ...span,
            process,
            datacenter,
            parentSpanId,
            attributes: textsOf(attributes),
          })),
        );
      }),
    );
  }

  /** From the outermost span down to `last`, as `process: name`; undefined while its parents have not come. */
  wayTo(last: CollectedSpan): readonly string[] | undefined {
    const { spans } = this;
    const way: string[] = [];
    for (let span: CollectedSpan | undefined = last; ;) {
      way.unshift(`${span.process} of ${span.datacenter}: ${span.name}`);
      if (span.parentSpanId === '') return way;
      const { parentSpanId, traceId }: CollectedSpan = span;
      span = spans.find((each) => each.traceId === traceId && each.spanId === parentSpanId);
      if (span === undefined) return undefined;
    }
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    if (this.server.listening) await once(this.server.close(), 'close');
  }
}
