import type { Server, Socket } from 'node:net';
import { BanyanError, type Timers } from '@banyan/kernel';

/** Resolves once `server` listens. Throws `PORT_IN_USE` or `CONFIG_INVALID` with the address. */
export const listenOn = (server: Server, address: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const refuse = (cause: NodeJS.ErrnoException): void => {
      const code = cause.code === 'EADDRINUSE' ? 'PORT_IN_USE' : 'CONFIG_INVALID';
      reject(new BanyanError(code, `cannot listen on ${address}:${port}: ${cause.message}`, { cause }));
    };
    server.once('error', refuse);
    server.listen(port, address, () => {
      server.off('error', refuse);
      resolve();
    });
  });

export const boundPort = (server: Server): number => {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
};

/** Stops listening, gives open connections `drainMs` to end by themselves, then destroys the rest. */
export const drain = async (
  server: Server,
  sockets: ReadonlySet<Socket>,
  limits: { readonly timers: Timers; readonly drainMs: number },
): Promise<void> => {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  const timer = limits.timers.set(sockets.size === 0 ? 0 : limits.drainMs, () => {
    for (const socket of sockets) socket.destroy();
  });
  await closed;
  timer.clear();
};
