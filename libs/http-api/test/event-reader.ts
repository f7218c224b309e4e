import { get, type IncomingMessage } from 'node:http';

/** One event as it came. */
export interface ReadEvent {
  readonly event: string;
  readonly data: unknown;
}

/** Reads a stream of events on its own connection, as fast as the test asks for. */
export class EventReader {
  readonly #blocks: AsyncIterator<string>;

  private constructor(readonly response: IncomingMessage) {
    this.#blocks = blocksOf(response);
  }

  static open(port: number, path: string, secret: string): Promise<EventReader> {
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, path, headers: { 'x-consul-token': secret }, agent: false };
      get(options, (response) => resolve(new EventReader(response))).once('error', reject);
    });
  }

  /** The next event, comments left out; undefined at the end of the stream. */
  async next(): Promise<ReadEvent | undefined> {
    for (;;) {
      const block = await this.block();
      if (block === undefined) return undefined;
      const event = /^event: (.*)$/m.exec(block)?.[1];
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (event !== undefined && data !== undefined) return { event, data: JSON.parse(data) as unknown };
    }
  }

  /** The next event or comment, as it came; undefined at the end of the stream. */
  async block(): Promise<string | undefined> {
    const block = await this.#blocks.next();
    return block.done === true ? undefined : block.value;
  }

  /** The next event of that name. */
  async nextOf(event: string): Promise<ReadEvent | undefined> {
    for (;;) {
      const read = await this.next();
      if (read === undefined || read.event === event) return read;
    }
  }

  leave(): void {
    this.response.destroy();
  }
}

async function* blocksOf(response: IncomingMessage): AsyncGenerator<string> {
  let chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    // Events of many MB come in many chunks: the whole is looked at only when one may be complete.
    if (!chunk.includes('\n')) continue;
    const blocks = Buffer.concat(chunks).toString('utf8').split('\n\n');
    chunks = [Buffer.from(blocks.pop() ?? '')];
    yield* blocks;
  }
}
