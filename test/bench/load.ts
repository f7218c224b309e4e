import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface Load {
  readonly port: number;
  /** The whole request, head and body. */
  readonly request: string;
  /** The body that every answer must have; another one ends the run with an error. */
  readonly expected: string;
  readonly connections: number;
  readonly seconds: number;
}

/** Reads the one answer on its way; undefined until it is complete. */
const completeBody = (text: string): string | undefined => {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const length = Number(/^content-length: (\d+)/im.exec(text.slice(0, end))?.[1]);
  const body = text.slice(end + 4);
  return body.length >= length ? body : undefined;
};

const keepAsking = async (socket: Socket, load: Load, endsAt: number): Promise<number> => {
  let count = 0;
  let text = '';
  socket.setEncoding('latin1').setNoDelay(true);
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject).on('close', () => reject(new Error('the server closed a connection')));
    socket.on('data', (part: string) => {
      text += part;
      const body = completeBody(text);
      if (body === undefined) return;
      if (!text.startsWith('HTTP/1.1 200') || body !== load.expected) {
        reject(new Error(`an unexpected answer: ${text}`));
        return;
      }
      text = '';
      count += 1;
      if (performance.now() >= endsAt) resolve();
      else socket.write(load.request);
    });
    socket.write(load.request);
  });
  socket.removeAllListeners().destroy();
  return count;
};

/**
 * Keeps this process from sleeping. Waking a sleeping client costs the server up to 30 µs of kernel time for each answer,
 * and only a server slower than its client would pay it: the comparison would measure the client.
 */
const stayAwake = (): (() => void) => {
  let awake = true;
  const again = (): void => {
    if (awake) setImmediate(again);
  };
  again();
  return () => (awake = false);
};

/** Sends the request again and again over kept connections, one at a time on each. Resolves to the number of answers. */
export const applyLoad = async (load: Load): Promise<number> => {
  const sockets = Array.from({ length: load.connections }, () => connect(load.port, '127.0.0.1'));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  const sleep = stayAwake();
  const endsAt = performance.now() + load.seconds * 1_000;
  const counts = await Promise.all(sockets.map((socket) => keepAsking(socket, load, endsAt)));
  sleep();
  return counts.reduce((sum, count) => sum + count, 0);
};
