import { connect, createServer, type Server, type Socket } from 'node:net';

/** A wire that can be cut and mended. */
export class Wire {
  #server: Server | undefined;
  readonly #sockets = new Set<Socket>();
  readonly #pairs = new Set<readonly [Socket, Socket]>();

  constructor(
    private readonly port: number,
    private readonly target: string,
  ) {}

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Takes everything and carries nothing, as a frozen process does. */
  freeze(): void {
    for (const socket of this.#sockets) socket.pause().unpipe();
  }

  thaw(): void {
    for (const [near, far] of this.#pairs) {
      near.pipe(far).pipe(near);
    }
  }

  mend(): Promise<void> {
    const [host, port] = this.target.split(':');
    this.#server = createServer((near) => {
      const far = connect(Number(port), host);
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket));
      }
      near.pipe(far).pipe(near);
      this.#pairs.add([near, far]);
    });
    return new Promise((resolve) => this.#server?.listen(this.port, '127.0.0.1', resolve));
  }

  cut(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const server = this.#server;
    this.#server = undefined;
    return new Promise((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
  }
}
