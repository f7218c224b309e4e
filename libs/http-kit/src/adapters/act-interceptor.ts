import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { callOf } from './http-call.js';

/** Has the witness of the edge, if there is one, run the handler. Only on routes that declare an act: reads are hot. */
export class ActInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { around } = callOf(context.switchToHttp().getRequest<FastifyRequest>());
    if (around === undefined) return next.handle();
    return from(around(() => lastValueFrom<unknown, undefined>(next.handle(), { defaultValue: undefined })));
  }
}
