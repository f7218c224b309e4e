import { durationMs, SECOND, SecretText } from '@banyan/kernel';
import { type AgentRegistration, checksFromBody } from './agent-registration.js';
import type { ServiceMembers, SidecarBody } from './body-schemas.js';
import type { CheckDefinition } from './check.js';
import { automaticCheckId } from './check-from-body.js';
import { serviceFromBody } from './service-from-body.js';
import type { ServiceInstance } from './service-instance.js';

/** First and last port a sidecar gets when it does not ask for one (contract §5.1). */
export const SIDECAR_PORTS = { first: 21_000, last: 21_255 } as const;

/** A sidecar is named and identified as its service with this behind it. */
export const SIDECAR_SUFFIX = '-sidecar-proxy';

/** What a sidecar stands for, as a registration of its own. */
export interface ExpandedSidecar {
  readonly service: ServiceInstance;
  readonly checks: readonly CheckDefinition[];
  readonly token?: SecretText;
}

/** How `expandSidecar` gets what it cannot know. */
export interface SidecarPorts {
  /**
   * The sidecar's port when the body has none. Called once, with the sidecar's ID: the answer must be the same for a
   * sidecar registered again, else the lowest free one of {@link SIDECAR_PORTS}.
   */
  readonly allocatePort: (sidecarId: string) => number;
}

/**
 * The proxy that `Connect.SidecarService` asks for, its defaults taken from the parent (contract §5.1). Undefined when
 * the registration has none. Throws `SERVICE_INVALID`, and what `allocatePort` throws.
 */
export const expandSidecar = (
  registration: AgentRegistration,
  { allocatePort }: SidecarPorts,
): ExpandedSidecar | undefined => {
  const { service: parent, sidecar } = registration;
  if (sidecar === undefined) return undefined;
  const id = `${parent.ID}${SIDECAR_SUFFIX}`;
  const name = (sidecar.Name ?? '') === '' ? `${parent.Service}${SIDECAR_SUFFIX}` : (sidecar.Name as string);
  const port = sidecar.Port === undefined || sidecar.Port === 0 ? allocatePort(id) : sidecar.Port;
  const service = serviceFromBody(membersOf(parent, sidecar, port), { id, name, connectNative: false });
  const given = checksFromBody(sidecar, { id, name, errorPrefix: 'Invalid check in sidecar_service' });
  const token = (sidecar.Token ?? '') === '' ? registration.token : new SecretText(sidecar.Token as string);
  return {
    service,
    checks: given.length > 0 ? given : defaultChecks(service, parent),
    ...(token === undefined ? {} : { token }),
  };
};

const membersOf = (parent: ServiceInstance, sidecar: SidecarBody, port: number): ServiceMembers => {
  const proxy = sidecar.Proxy ?? {};
  return {
    ...sidecar,
    Kind: 'connect-proxy',
    Port: port,
    Address: (sidecar.Address ?? '') === '' ? parent.Address : sidecar.Address,
    Tags: sidecar.Tags ?? [...parent.Tags],
    Meta: sidecar.Meta ?? { ...parent.Meta },
    Proxy: {
      ...proxy,
      DestinationServiceName: parent.Service,
      DestinationServiceID: parent.ID,
      ...localTarget(parent, proxy),
    },
  };
};

/** Where the proxy finds its service: what the body says, else the parent's socket or its port on loopback. */
const localTarget = (
  parent: ServiceInstance,
  proxy: NonNullable<SidecarBody['Proxy']>,
): { LocalServiceAddress?: string; LocalServicePort?: number; LocalServiceSocketPath?: string } => {
  if ((proxy.LocalServiceSocketPath ?? '') !== '') return {};
  if (parent.SocketPath !== undefined && proxy.LocalServicePort === undefined) {
    return { LocalServiceSocketPath: parent.SocketPath };
  }
  return {
    LocalServiceAddress: (proxy.LocalServiceAddress ?? '') === '' ? '127.0.0.1' : (proxy.LocalServiceAddress as string),
    LocalServicePort: proxy.LocalServicePort ?? parent.Port,
  };
};

const defaultChecks = (sidecar: ServiceInstance, parent: ServiceInstance): CheckDefinition[] => {
  const shared = {
    notes: '',
    serviceId: sidecar.ID,
    initialStatus: 'critical',
    successBeforePassing: 0,
    failuresBeforeCritical: 0,
  } as const;
  // The sidecar listens where its service is reached; without an address that is this host.
  const host = sidecar.Address === '' ? '127.0.0.1' : sidecar.Address;
  const address = host.includes(':') ? `[${host}]:${sidecar.Port}` : `${host}:${sidecar.Port}`;
  return [
    {
      ...shared,
      checkId: automaticCheckId(sidecar.ID, 1, 2),
      name: 'Connect Sidecar Listening',
      probe: { kind: 'tcp', address, intervalMs: durationMs(10 * SECOND), timeoutMs: durationMs(10 * SECOND) },
    },
    {
      ...shared,
      checkId: automaticCheckId(sidecar.ID, 2, 2),
      name: `Connect Sidecar Aliasing ${parent.ID}`,
      probe: { kind: 'alias', serviceId: parent.ID },
    },
  ];
};
