import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * `open`: bytes pass. `refused`: connections are reset and new ones refused. `silent`: nothing passes, nobody is told.
 * `half-open`: what is asked arrives, what is answered is lost.
 */
type LinkState = 'open' | 'refused' | 'silent' | 'half-open';

/** One direction of "the WAN": a TCP forwarder that can be cut and healed. It keeps what it carried, for inspection. */
export class WanLink {
  readonly #sockets = new Set<Socket>();
  #waiting: Socket[] = [];
  #server: Server | undefined;
  #state: LinkState = 'open';
  readonly #carried: Buffer[] = [];

  constructor(
    /** Where it listens. */
    readonly address: string,
    private target: string,
  ) {}

  get state(): LinkState {
    return this.#state;
  }

  /** Every byte that passed, in both directions. */
  get carried(): Buffer {
    return Buffer.concat(this.#carried);
  }

  async open(): Promise<void> {
    const [host, port] = splitAddress(this.address);
    this.#server = createServer({ pauseOnConnect: true }, (socket) => this.#accept(socket));
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
  }

  /** Connections end, and the next ones lead to another place: as if the name of the host stood for another one. */
  leadTo(target: string): void {
    this.target = target;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** As if the line were unplugged (`silent`), or the far host were there with nobody listening (`refused`). */
  async cut(state: 'refused' | 'silent' | 'half-open'): Promise<void> {
    this.#state = state;
    if (state === 'half-open') return;
    if (state === 'silent') {
      for (const socket of this.#sockets) socket.pause();
      return;
    }
    await this.close();
  }

  /** Bytes pass again; what was held meanwhile arrives, what was lost does not: such connections end. */
  async heal(): Promise<void> {
    const before = this.#state;
    this.#state = 'open';
    if (before === 'refused') await this.open();
    if (before === 'half-open') for (const socket of this.#sockets) socket.destroy();
    for (const socket of this.#sockets) socket.resume();
    for (const socket of this.#waiting.splice(0)) this.#join(socket);
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const socket of [...this.#sockets, ...this.#waiting.splice(0)]) socket.destroy();
    if (server !== undefined) await once(server.close(), 'close');
  }

  #accept(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    if (this.#state === 'silent') this.#waiting.push(socket);
    else this.#join(socket);
  }

  #join(near: Socket): void {
    const [host, port] = splitAddress(this.target);
    const far = connect(port, host);
    this.#forward(near, far, 'asked');
    this.#forward(far, near, 'answered');
    near.resume();
  }

  #forward(from: Socket, to: Socket, what: 'asked' | 'answered'): void {
    this.#sockets.add(from);
    from.on('data', (chunk) => {
      if (this.#state === 'half-open' && what === 'answered') return;
      this.#carried.push(chunk);
      if (to.write(chunk)) return;
      from.pause();
      to.once('drain', () => {
        if (this.#state === 'open') from.resume();
      });
    });
    from.on('end', () => to.end());
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}

const splitAddress = (address: string): readonly [host: string, port: number] => {
  const [host = '', port] = address.split(':');
  return [host, Number(port)];
};
