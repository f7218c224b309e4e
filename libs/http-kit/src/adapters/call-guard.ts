import { BanyanError } from '@banyan/kernel';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { CallerResolver } from '../ports/caller-resolver.js';
import { callOf } from './http-call.js';
import { ACCESS, type RouteAccess } from './route-decorators.js';

/** Resolves the caller of every request and refuses anonymous ones wherever a route is not public. */
export class CallGuard implements CanActivate {
  constructor(private readonly callers: CallerResolver) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = Reflect.getMetadata(ACCESS, context.getHandler()) as RouteAccess | undefined;
    if (access === undefined) throw new BanyanError('INTERNAL', `${context.getHandler().name} declares no access`);
    if (access.kind === 'public' && !access.identify) return true;
    const call = callOf(context.switchToHttp().getRequest<FastifyRequest>());
    call.caller = await this.callers.resolve(call.token);
    if (access.kind === 'permission' && call.caller.role === undefined) throw anonymousRefusal(access.permission);
    return true;
  }
}

const anonymousRefusal = (permission: string): BanyanError =>
  new BanyanError(
    'PERMISSION_DENIED',
    `Permission denied: anonymous token lacks permission '${permission}'. ` +
      'The anonymous token is used implicitly when a request does not specify a token.',
    { fields: { permission } },
  );
