import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { SecretText } from '@banyan/kernel';
import type { FastifyHttpOptions, FastifyReply, RawServerDefault } from 'fastify';
import { TEXT_TYPE } from '../domain/answer.js';

const MEBIBYTE = 1_048_576;

/** What an edge needs to speak HTTPS. */
export interface EdgeTls {
  /** The certificate, then its intermediates. */
  readonly certPem: string;
  readonly keyPem: SecretText;
}

/**
 * Options of the HTTP server. Long polls last up to 10 m + 1/16, so no limit may fall on a waiting answer:
 * - `requestTimeout` limits only how long a client may take to *send* a request (Node: from the first byte to the last
 *   of the body), so 60 s protects against slow senders and never cuts a poll;
 * - `connectionTimeout` is socket inactivity, which a long poll is, so it is off;
 * - `keepAliveTimeout` limits idle connections between requests; above the 60 s that proxies commonly keep, so that it
 *   is the proxy that closes.
 */
export const serverOptions = (bodyLimitBytes = MEBIBYTE, tls?: EdgeTls): FastifyHttpOptions<RawServerDefault> => ({
  bodyLimit: bodyLimitBytes,
  requestTimeout: 60_000,
  connectionTimeout: 0,
  keepAliveTimeout: 72_000,
  ...(tls === undefined
    ? { http: { headersTimeout: 60_000 } }
    : {
        https: {
          cert: tls.certPem,
          key: tls.keyPem.reveal(),
          minVersion: 'TLSv1.2',
          headersTimeout: 60_000,
          requestTimeout: 60_000,
        },
      }),
  forceCloseConnections: true,
  exposeHeadRoutes: false,
  return503OnClosing: true,
  // Names have at most 128 characters; every one may arrive as %XX.
  routerOptions: { maxParamLength: 1_024 },
  frameworkErrors: (_error, _request, reply) => {
    void (reply as unknown as FastifyReply).code(400).type(TEXT_TYPE).send('The request URL is malformed');
  },
  clientErrorHandler: answerBrokenClient,
});

/** Answers bytes that are not HTTP, in plain text like every other error. */
const answerBrokenClient = (error: { readonly code?: string }, socket: Socket): void => {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const status = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400;
  const text = STATUS_CODES[status] ?? 'Bad Request';
  if (socket.writable) {
    socket.write(
      `HTTP/1.1 ${status} ${text}\r\nContent-Type: ${TEXT_TYPE}\r\nContent-Length: ${text.length}\r\nConnection: close\r\n\r\n${text}`,
    );
  }
  socket.destroySoon();
};
