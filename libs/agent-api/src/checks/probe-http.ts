import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Probe } from '@banyan/catalog';
import type { Timers } from '@banyan/kernel';
import type { CheckResult } from '../adapters/local-services.js';
import { OUTPUT_LIMIT } from '../domain/check-state.js';

type HttpProbe = Extract<Probe, { readonly kind: 'http' }>;

/** What a probe needs to end in time, or as soon as nobody wants its result. */
export interface ProbeLimits {
  readonly timers: Timers;
  readonly signal: AbortSignal;
}

/**
 * 2xx passes, 429 warns, anything else is critical (contract §5.5), and so is an answer that is not whole within the
 * timeout. Every probe has a connection of its own: on a kept one the service's idle timeout would look like a failure.
 */
export const probeHttp = async (probe: HttpProbe, { timers, signal }: ProbeLimits): Promise<CheckResult> => {
  const what = `HTTP ${probe.method} ${probe.url}`;
  const end = new AbortController();
  const onAbort = (): void => end.abort();
  signal.addEventListener('abort', onAbort, { once: true });
  let late = false;
  const timer = timers.set(probe.timeoutMs, () => {
    late = true;
    end.abort();
  });
  try {
    const response = await answerOf(probe, end.signal);
    const code = response.statusCode ?? 0;
    const text = await textOf(response);
    const status = code >= 200 && code < 300 ? 'passing' : code === 429 ? 'warning' : 'critical';
    return { status, output: `${what}: ${code} Output: ${text}` };
  } catch (error) {
    return { status: 'critical', output: `${what}: ${late ? 'timed out' : (error as Error).message}` };
  } finally {
    timer.clear();
    signal.removeEventListener('abort', onAbort);
  }
};

const answerOf = (probe: HttpProbe, signal: AbortSignal): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const send = probe.url.startsWith('https:') ? httpsRequest : httpRequest;
    const request = send(
      probe.url,
      {
        method: probe.method,
        headers: { ...probe.headers } as Record<string, string[]>,
        agent: false,
        signal,
        rejectUnauthorized: !probe.skipTlsVerify,
      },
      resolve,
    );
    request.on('error', reject);
    request.end(probe.body);
  });

/** Reads to the end, keeping only the beginning. Rejects when the service breaks off. */
const textOf = async (response: IncomingMessage): Promise<string> => {
  let text = '';
  response.setEncoding('utf8');
  for await (const chunk of response) if (text.length < OUTPUT_LIMIT) text += String(chunk);
  return text;
};
