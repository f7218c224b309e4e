import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the range from which Linux and macOS take the ports of outgoing connections: a port that is free while its
 * process restarts cannot be taken by somebody's outgoing connection.
 */
const LOWEST = 12_000;
const HIGHEST = 32_000;
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

/** A port of 127.0.0.1 on which nobody listens and which was not given out before. */
export const freePort = async (): Promise<number> => {
  for (let tries = 0; tries < 200; tries += 1) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error(`no free port found between ${LOWEST} and ${HIGHEST}`);
};

/** `127.0.0.1:port` with a free port. */
export const freeAddress = async (): Promise<string> => `127.0.0.1:${await freePort()}`;
