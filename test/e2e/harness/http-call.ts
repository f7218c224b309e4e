import { request, type IncomingHttpHeaders } from 'node:http';

/** A request over a connection of its own: no pool that remembers a killed server. */
export interface HttpCall {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly path: string;
  readonly token?: string;
  readonly body?: unknown;
  readonly limitMs?: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

const LIMIT_MS = 20_000;

/** Asks `host:port` and returns whatever it answers; rejects when it does not answer. */
export const callHttp = (address: string, call: HttpCall): Promise<HttpAnswer> =>
  new Promise((resolve, reject) => {
    const { method = 'GET', path, token, body, limitMs = LIMIT_MS } = call;
    const text = body === undefined ? undefined : JSON.stringify(body);
    const sent = request(
      `http://${address}${path}`,
      {
        method,
        agent: false,
        signal: AbortSignal.timeout(limitMs),
        headers: {
          ...(token !== undefined && { 'x-consul-token': token }),
          ...(text !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString('utf8'),
          }),
        );
      },
    );
    sent.on('error', (error) =>
      reject(new Error(`${method} http://${address}${path}: ${error.message}`, { cause: error })),
    );
    sent.end(text);
  });

/** The parsed body of a 200; rejects with the status and the text of any other answer. */
export const askJson = async <T>(address: string, call: HttpCall): Promise<T> => {
  const { status, text } = await callHttp(address, call);
  if (status !== 200)
    throw new Error(`${call.method ?? 'GET'} http://${address}${call.path} answered ${status}: ${text}`);
  return (text === '' ? undefined : JSON.parse(text)) as T;
};
