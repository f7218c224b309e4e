import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the range from which Linux and macOS take the ports of outgoing connections: on a busy machine one of those is taken
 * by somebody's connection before the test listens on it, or while its server restarts.
 */
const LOWEST = 12_000;
const HIGHEST = 32_000;
const MOST_TRIES = 200;
const given = new Set<number>();

const isFree = async (port: number): Promise<boolean> => {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  await once(server.close(), 'close');
  return true;
};

/** A port of 127.0.0.1 on which nobody listens and which was not given out before by this process. */
export const freePort = async (): Promise<number> => {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error(`no free port found between ${LOWEST} and ${HIGHEST}`);
};

/** `127.0.0.1:port` with such a port. */
export const freeAddress = async (): Promise<string> => `127.0.0.1:${await freePort()}`;
