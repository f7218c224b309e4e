import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { CheckStatus, Probe } from '@banyan/catalog';

type HttpProbe = Extract<Probe, { readonly kind: 'http' }>;

/** Output beyond this is cut (the catalog keeps no more). */
const OUTPUT_LIMIT = 4_096;

/** 2xx passes, 429 warns, anything else is critical (contract §5.5). */
export const probeHttp = (probe: HttpProbe): Promise<{ readonly status: CheckStatus; readonly output: string }> =>
  new Promise((resolve) => {
    const send = probe.url.startsWith('https:') ? httpsRequest : httpRequest;
    const request = send(
      probe.url,
      {
        method: probe.method,
        headers: { ...probe.headers } as Record<string, string[]>,
        timeout: probe.timeoutMs,
        rejectUnauthorized: !probe.skipTlsVerify,
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          if (text.length < OUTPUT_LIMIT) text += chunk;
        });
        response.on('end', () => {
          const code = response.statusCode ?? 0;
          const status = code >= 200 && code < 300 ? 'passing' : code === 429 ? 'warning' : 'critical';
          const output = `HTTP ${probe.method} ${probe.url}: ${code} Output: ${text}`.slice(0, OUTPUT_LIMIT);
          resolve({ status, output });
        });
      },
    );
    request.on('timeout', () => request.destroy(new Error('timed out')));
    request.on('error', (error) =>
      resolve({ status: 'critical', output: `HTTP ${probe.method} ${probe.url}: ${error.message}` }),
    );
    request.end(probe.body);
  });
