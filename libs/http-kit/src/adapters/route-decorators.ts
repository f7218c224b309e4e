import 'reflect-metadata';
import {
  applyDecorators,
  createParamDecorator,
  type ExecutionContext,
  SetMetadata,
  UseInterceptors,
} from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { InputSchema, type RawInput } from '../domain/input.js';
import { ActInterceptor } from './act-interceptor.js';
import { queryOf } from './http-call.js';

/** Metadata keys that `listRoutes` and the guard read. */
export const INPUT = 'banyan:input';
export const ACCESS = 'banyan:access';
export const LOCAL = 'banyan:local';
export const ACT = 'banyan:act';

/** Who may call a route: everybody, or only callers that have a role; then handlers check the named permission. */
export type RouteAccess =
  | { readonly kind: 'public'; readonly identify: boolean }
  | { readonly kind: 'permission'; readonly permission: string };

const parsed = createParamDecorator((schema: InputSchema, context: ExecutionContext) => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  return schema.parse({
    params: request.params as RawInput['params'],
    query: queryOf(request),
    body: request.body as Uint8Array | undefined,
  });
});

/** Gives a handler its whole input, parsed by `schema`, as one typed object; type the parameter `InputOf<typeof schema>`. */
export const Input =
  (schema: InputSchema): ParameterDecorator =>
  (target, key, index) => {
    if (key !== undefined) Reflect.defineMetadata(INPUT, schema, target, key);
    parsed(schema)(target, key, index);
  };

/** Declares that a route looks at nothing in the request. */
export const NoInput = (): MethodDecorator => (target, key) => {
  Reflect.defineMetadata(INPUT, 'none', target, key);
};

/**
 * Opens a route to callers without a token. With `identify` a token that is given is resolved (and an unknown one
 * refused); without it tokens are not looked at, so that a stale one in the environment disturbs nobody.
 */
export const Public = (options: { readonly identify?: boolean } = {}): MethodDecorator =>
  SetMetadata(ACCESS, { kind: 'public', identify: options.identify ?? false } satisfies RouteAccess);

/**
 * Names the permission a route asks for (`'service:read'`). The guard refuses anonymous callers before any parsing;
 * the handler checks the permission on the resource that the input names.
 */
export const Access = (permission: string): MethodDecorator =>
  SetMetadata(ACCESS, { kind: 'permission', permission } satisfies RouteAccess);

/** The route is an administrative act and is recorded under this name: `intention.write`. */
export const Audited = (action: string): MethodDecorator =>
  applyDecorators(SetMetadata(ACT, action), UseInterceptors(new ActInterceptor()));

/** The route takes a body, but changes nothing: only a denied call of it is recorded. */
export const ReadsOnly = (): MethodDecorator => SetMetadata(ACT, '');

/** The route is about this process and is never forwarded to another datacenter. */
export const Local = (): MethodDecorator => SetMetadata(LOCAL, true);
