import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { answerForError, isFromBrowser, tokenOf } from '@banyan/http-kit';
import { BanyanError, isBanyanError, type Logger, messageOf } from '@banyan/kernel';
import type { Authorized, Authorizer } from './authorizer.js';

export const AUTHORIZE_PATH = '/v1/agent/connect/authorize';

/** Twice the largest question that passes the schema. */
const BODY_LIMIT_BYTES = 8_192;

/**
 * `authorize` before the web framework: proxies ask it for every connection. The same answers, byte for byte, as the
 * routed one, which still serves requests with a query, and refuses what a browser sends for a foreign page.
 */
export class HotAuthorize {
  constructor(
    private readonly authorizer: Authorizer,
    private readonly logger: Logger,
  ) {}

  /** Puts itself before the listeners that `server` has now. */
  attach(server: Server): void {
    const routed = server.listeners('request') as RequestListener[];
    server.removeAllListeners('request');
    server.on('request', (request: IncomingMessage, response: ServerResponse & { req: IncomingMessage }) => {
      const isHot = request.method === 'POST' && request.url === AUTHORIZE_PATH && !isFromBrowser(request.headers);
      if (isHot) this.#receive(request, response);
      else for (const listener of routed) listener(request, response);
    });
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    let body: Buffer | undefined;
    request.on('data', (chunk: Buffer) => {
      body = body === undefined ? chunk : Buffer.concat([body, chunk]);
      if (body.length <= BODY_LIMIT_BYTES) return;
      request.removeAllListeners('data').removeAllListeners('end').resume();
      response.setHeader('Connection', 'close');
      this.#refuse(response, new BanyanError('REQUEST_TOO_LARGE', 'The request body is too large'));
    });
    request.on('end', () => this.#answer(request, response, body));
    request.on('error', () => response.destroy());
  }

  #answer(request: IncomingMessage, response: ServerResponse, body: Buffer | undefined): void {
    try {
      const token = tokenOf({ query: {}, headers: request.headers });
      const answer = this.authorizer.answer(token, body, () => goneSignal(response));
      if (answer instanceof Promise) {
        answer.then(
          (authorized) => send(response, authorized),
          (error: unknown) => this.#refuse(response, error),
        );
      } else send(response, answer);
    } catch (error) {
      this.#refuse(response, error);
    }
  }

  #refuse(response: ServerResponse, error: unknown): void {
    if (response.destroyed) return;
    if (!isBanyanError(error)) this.logger.error('authorize failed unexpectedly', { reason: messageOf(error) });
    const { status, headers, body } = answerForError(
      isBanyanError(error) ? error : new BanyanError('INTERNAL', 'unexpected'),
    );
    const text = body.kind === 'text' ? body.text : '';
    response.writeHead(status, {
      ...headers,
      'Content-Type': body.kind === 'text' ? body.contentType : 'text/plain',
      'Content-Length': Buffer.byteLength(text),
    });
    response.end(text);
  }
}

const send = (response: ServerResponse, { json, hit, ageSeconds }: Authorized): void => {
  // A flat list: Node writes it as it is, without a lookup per header.
  const headers = ['Content-Type', 'application/json', 'Content-Length', String(Buffer.byteLength(json))];
  if (hit) headers.push('X-Cache', 'HIT', 'Age', String(ageSeconds));
  else headers.push('X-Cache', 'MISS');
  response.writeHead(200, headers);
  response.end(json);
};

/** Aborted when the client goes away; made only for a question that has to wait. */
const goneSignal = (response: ServerResponse): AbortSignal => {
  const gone = new AbortController();
  response.once('close', () => gone.abort(new BanyanError('ABORTED', 'The caller went away')));
  return gone.signal;
};
