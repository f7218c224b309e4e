import { type INestApplication, RequestMethod } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { InputSchema } from '../domain/input.js';
import { ACCESS, ACT, INPUT, LOCAL, type RouteAccess } from './route-decorators.js';

/** A route of a Nest controller with what it declares. */
export interface Route {
  readonly method: string;
  /** With `:name` parameters and a leading slash. */
  readonly path: string;
  /** `Controller.handler`, for messages. */
  readonly handler: string;
  /** Undefined when neither `@Input` nor `@NoInput` is there: a test refuses that. */
  readonly input: InputSchema | 'none' | undefined;
  /** Undefined when neither `@Access` nor `@Public` is there: the guard refuses every caller. */
  readonly access: RouteAccess | undefined;
  /** True when the route is never forwarded to another datacenter. */
  readonly local: boolean;
  /** What `@Audited` names; empty with `@ReadsOnly`; undefined when neither is there: a test refuses that of whatever is no GET. */
  readonly action: string | undefined;
}

/** All routes of the application's controllers. */
export const listRoutes = (app: INestApplication): Route[] => {
  const controllers = [...app.get(ModulesContainer).values()].flatMap((module) => [...module.controllers.values()]);
  return controllers.flatMap(({ metatype }) => (metatype === null ? [] : routesOf(metatype as ControllerClass)));
};

type ControllerClass = { readonly name: string; readonly prototype: object };

const routesOf = (controller: ControllerClass): Route[] => {
  const prefix = pathsOf(controller);
  return Object.getOwnPropertyNames(controller.prototype).flatMap((name) => {
    const handler = (controller.prototype as Record<string, unknown>)[name];
    if (typeof handler !== 'function') return [];
    const method = Reflect.getMetadata('method', handler) as RequestMethod | undefined;
    if (method === undefined) return [];
    return prefix.flatMap((start) =>
      pathsOf(handler).map((path) => ({
        method: RequestMethod[method],
        path: join(start, path),
        handler: `${controller.name}.${name}`,
        input: Reflect.getMetadata(INPUT, controller.prototype, name) as InputSchema | 'none' | undefined,
        access: Reflect.getMetadata(ACCESS, handler) as RouteAccess | undefined,
        local: Reflect.getMetadata(LOCAL, handler) === true,
        action: Reflect.getMetadata(ACT, handler) as string | undefined,
      })),
    );
  });
};

const pathsOf = (target: object): readonly string[] => {
  const path = Reflect.getMetadata('path', target) as string | readonly string[] | undefined;
  return typeof path === 'string' ? [path] : (path ?? ['']);
};

const join = (...parts: readonly string[]): string =>
  `/${parts
    .flatMap((part) => part.split('/'))
    .filter((part) => part !== '')
    .join('/')}`;
