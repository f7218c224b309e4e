import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/** An HTTP answer, as far as it is counted. */
export interface AnsweredRequest {
  readonly status: number;
  readonly elapsedMs: number;
  /** It waited for a change, or streamed: how long that took says nothing of this process. */
  readonly waited: boolean;
}

/** A blocking query names the index it knows; a stream of events never ends by itself. */
const WAITS = /[?&]index=[1-9]|^\/v1\/operator\/events\b/;

/** Tells of every answer of the edge. Call it before the application listens. */
export const countAnswers = (app: NestFastifyApplication, tell: (answer: AnsweredRequest) => void): void => {
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onResponse', (request, reply, done) => {
      tell({ status: reply.statusCode, elapsedMs: reply.elapsedTime, waited: WAITS.test(request.url) });
      done();
    });
};
