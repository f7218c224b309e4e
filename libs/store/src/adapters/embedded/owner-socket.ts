import { rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { BanyanError } from '@banyan/kernel';

const NAME = 'owner.sock';

/**
 * Marks the embedded database as ours for as long as this process lives: a socket dies with its process, whereas a
 * process number in a file can be given to somebody else. While it is held by a live process, `STORE_BUSY`.
 */
export class OwnerSocket {
  private constructor(private readonly server: Server) {}

  static async claim(folder: string): Promise<OwnerSocket> {
    if (await OwnerSocket.isHeld(folder)) {
      throw new BanyanError('STORE_BUSY', `the embedded database is in use by another process (${join(folder, NAME)})`);
    }
    rmSync(join(folder, NAME), { force: true });
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(join(folder, NAME), resolve);
    });
    // It marks; it must not keep a finished process alive.
    server.unref();
    return new OwnerSocket(server);
  }

  /** Whether a live process answers on the folder's socket. */
  static isHeld(folder: string): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(join(folder, NAME));
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
  }

  release(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
    });
  }
}
