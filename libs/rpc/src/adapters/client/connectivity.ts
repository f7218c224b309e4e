import { type Client, connectivityState } from '@grpc/grpc-js';

const { CONNECTING, IDLE, READY, SHUTDOWN } = connectivityState;

/** A channel that was closed meanwhile throws instead of saying so. */
const stateNow = (client: Client, connect: boolean): connectivityState => {
  try {
    return client.getChannel().getConnectivityState(connect);
  } catch {
    return SHUTDOWN;
  }
};

/** The best state among `clients`. */
export const stateOf = (clients: readonly Client[]): 'ready' | 'connecting' | 'idle' | 'unreachable' => {
  const states = clients.map((client) => stateNow(client, false));
  if (states.includes(READY)) return 'ready';
  if (states.includes(CONNECTING)) return 'connecting';
  return states.includes(IDLE) ? 'idle' : 'unreachable';
};

/** Resolves true when connected, false as soon as an attempt has failed, the deadline passed or the channel closed. */
const connected = (client: Client, deadline: number): Promise<boolean> =>
  new Promise((resolve) => {
    const look = (): void => {
      const state = stateNow(client, true);
      if (state === READY) resolve(true);
      else if (state !== IDLE && state !== CONNECTING) resolve(false);
      else
        client
          .getChannel()
          .watchConnectivityState(state, deadline, (late) => (late === undefined ? look() : resolve(false)));
    };
    look();
  });

/**
 * The first of `clients` that is connected, in their order; else the first to become so. Undefined when every attempt
 * has failed, at `deadline` (epoch ms), or when `signal` is aborted.
 */
export const firstReady = async (
  clients: readonly Client[],
  deadline: number,
  signal: AbortSignal | undefined,
): Promise<Client | undefined> => {
  const ready = clients.find((client) => stateNow(client, false) === READY);
  if (ready !== undefined) return ready;
  return new Promise((resolve) => {
    const stop = (client?: Client): void => {
      signal?.removeEventListener('abort', onAbort);
      resolve(client);
    };
    const onAbort = (): void => stop();
    signal?.addEventListener('abort', onAbort, { once: true });
    const attempts = clients.map(async (client) => {
      if (await connected(client, deadline)) stop(client);
    });
    void Promise.all(attempts).then(() => stop());
  });
};
