import { expect } from '@jest/globals';
import { eventually } from './eventually.js';
import { callHttp } from './http-call.js';
import type { Mesh } from './mesh.js';
import type { MeshService, ServiceName } from './mesh-service.js';
import type { Route } from './handshake-load.js';

/** The usual cast: web in dc1 and api in dc2, each with the other as its upstream. */
export interface WebAndApi {
  readonly web: MeshService;
  readonly api: MeshService;
  /** web → api and api → web. */
  readonly routes: readonly [Route, Route];
}

const FIRST_REQUEST_LIMIT_MS = 20_000;

/** The way from `service` to one of its upstreams. */
export const routeOf = (service: MeshService, upstream: ServiceName): Route => ({
  name: `${service.plan.name} → ${upstream}`,
  address: service.upstream(upstream),
  answer: upstream,
});

/** Waits until a request passes. */
export const passes = async (route: Route, limitMs = FIRST_REQUEST_LIMIT_MS): Promise<void> => {
  await eventually(`a request ${route.name} passes`, { limitMs }, async () => {
    expect(await callHttp(route.address, { path: '/' })).toMatchObject({ status: 200, text: route.answer });
  });
};

/** Starts both with their sidecars, allows both ways, and waits until requests pass. */
export const startWebAndApi = async (mesh: Mesh): Promise<WebAndApi> => {
  const [web, api] = await Promise.all([
    mesh.startService({ name: 'web', datacenter: 'dc1', upstreams: [{ name: 'api', datacenter: 'dc2' }] }),
    mesh.startService({ name: 'api', datacenter: 'dc2', upstreams: [{ name: 'web', datacenter: 'dc1' }] }),
  ]);
  expect(await mesh.dc1.putIntention('web', 'api', 'allow')).toMatchObject({ status: 200 });
  expect(await mesh.dc1.putIntention('api', 'web', 'allow')).toMatchObject({ status: 200 });
  const routes = [routeOf(web, 'api'), routeOf(api, 'web')] as const;
  await Promise.all(routes.map((route) => passes(route)));
  return { web, api, routes };
};
