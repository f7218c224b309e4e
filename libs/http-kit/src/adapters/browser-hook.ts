import type { FastifyReply, FastifyRequest } from 'fastify';
import { refusalOfBrowser } from '../domain/browser-rule.js';
import { callOf } from './http-call.js';
import { pathOf } from './edge-adapter.js';

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
          origin: headers.origin,
          site: [headers['sec-fetch-site']].flat()[0],
          referer: headers.referer,
          userAgent: headers['user-agent'],
        },
        configured,
      ),
    );
  };
};
