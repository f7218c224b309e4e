import { connect } from 'node:net';
import type { CheckResult } from '../adapters/local-services.js';
import type { ProbeLimits } from './probe-http.js';

/** Passing when a TCP connection to `host:port` opens in time. */
export const probeTcp = (
  { address, timeoutMs }: { readonly address: string; readonly timeoutMs: number },
  { timers, signal }: ProbeLimits,
): Promise<CheckResult> =>
  new Promise((resolve) => {
    const what = `TCP connect ${address}`;
    const at = address.lastIndexOf(':');
    const socket = connect({ host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) });
    const end = (result: CheckResult): void => {
      timer.clear();
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(result);
    };
    const onAbort = (): void => end({ status: 'critical', output: `${what}: given up` });
    const timer = timers.set(timeoutMs, () => end({ status: 'critical', output: `${what}: timed out` }));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('connect', () => end({ status: 'passing', output: `${what}: Success` }));
    socket.once('error', (error) => end({ status: 'critical', output: `${what}: ${error.message}` }));
  });
