import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A connection through the mesh that is kept open and used again and again. */
export class OpenConnection {
  #closedAt: number | undefined;

  private constructor(private readonly socket: Socket) {
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#closedAt = performance.now();
    });
  }

  static async open(address: string): Promise<OpenConnection> {
    const [host = '', port] = address.split(':');
    const socket = connect(Number(port), host);
    await once(socket, 'connect');
    return new OpenConnection(socket);
  }

  /** When it was closed, in `performance.now()`; undefined while it is open. */
  get closedAt(): number | undefined {
    return this.#closedAt;
  }

  /** One more request on it; returns the status line of the answer. */
  async ask(): Promise<string> {
    const answered = once(this.socket, 'data') as Promise<[Buffer]>;
    this.socket.write('GET / HTTP/1.1\r\nHost: mesh\r\n\r\n');
    const closed = once(this.socket, 'close').then(() => {
      throw new Error('the connection was closed');
    });
    const [chunk] = await Promise.race([answered, closed]);
    return chunk.toString('latin1').split('\r\n')[0] ?? '';
  }

  close(): void {
    this.socket.destroy();
  }
}
