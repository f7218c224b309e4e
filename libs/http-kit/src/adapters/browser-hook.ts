import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isBrowser, refusalOfBrowser } from '../domain/browser-rule.js';
import { callOf } from './http-call.js';
import { pathOf } from './edge-adapter.js';

const signsOf = (headers: IncomingHttpHeaders) => ({
  origin: headers.origin,
  site: [headers['sec-fetch-site']].flat()[0],
  referer: headers.referer,
  userAgent: headers['user-agent'],
});

/** Whether a browser sent a request with these headers; for routes before the framework, which have no hook. */
export const isFromBrowser = (headers: IncomingHttpHeaders): boolean => isBrowser(signsOf(headers));

/**
 * Refuses what a browser sends on behalf of a page that is not ours, before anything looks at it. What came over gRPC has
 * no browser at its other end.
 */
export const browserHook = (hosts: readonly string[]) => {
  const configured = new Set(hosts.map((host) => host.toLowerCase()));
  return (request: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void): void => {
    if (callOf(request).origin !== 'socket') {
      done();
      return;
    }
    const { headers, method } = request;
    done(
      refusalOfBrowser(
        {
          method,
          path: pathOf(request.url),
          host: headers.host,
          ...signsOf(headers),
        },
        configured,
      ),
    );
  };
};
