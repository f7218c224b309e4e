import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { DemoSettings } from './settings.js';

/** An upstream that has not answered after this long is reported as failed. */
const UPSTREAM_LIMIT_MS = 5_000;
const LONGEST_ANSWER_BYTES = 1024 * 1024;

const answer = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(`${JSON.stringify(body, null, 2)}\n`);
};

const readText = async (message: IncomingMessage): Promise<string> => {
  let text = '';
  for await (const chunk of message.setEncoding('utf8')) {
    text += chunk as string;
    if (text.length > LONGEST_ANSWER_BYTES) throw new Error('the answer is longer than 1 MiB');
  }
  return text;
};

/** One new connection per request, so that every request is authorized anew by the mesh. */
const askUpstream = (url: URL): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const request = get(url, { agent: false, timeout: UPSTREAM_LIMIT_MS }, (response) => {
      readText(response)
        .then((text) => {
          if (response.statusCode !== 200) throw new Error(`it answered ${response.statusCode}`);
          resolve(JSON.parse(text));
        }, reject)
        .catch(reject);
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${UPSTREAM_LIMIT_MS} ms`)));
    request.on('error', reject);
  });

const greet = async (settings: DemoSettings, response: ServerResponse): Promise<void> => {
  const { name, datacenter, upstream } = settings;
  const self = { service: name, ...(datacenter === undefined ? {} : { datacenter }), message: `hello from ${name}` };
  if (upstream === undefined) {
    answer(response, 200, self);
    return;
  }
  try {
    answer(response, 200, { ...self, upstream: await askUpstream(upstream) });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const hint = 'Is there an intention that allows this, and is the sidecar of the other side running?';
    answer(response, 502, { ...self, error: `the upstream ${upstream.href} refused or failed: ${reason}. ${hint}` });
  }
};

/** A plain HTTP service: `GET /` greets (asking the upstream, if any), `GET /healthz` answers ok. It knows no mesh. */
export const createDemoService = (settings: DemoSettings): Server =>
  createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0];
    if (path === '/healthz') answer(response, 200, { status: 'ok' });
    else if (path === '/') void greet(settings, response);
    else answer(response, 404, { error: `there is no ${path}; try GET / or GET /healthz` });
  });
