import { z } from 'zod';
import { BanyanError, parsedJson } from '@banyan/kernel';
import type { Authorization, LeafMaterial, TrustMaterial } from '../ports/mesh-source.js';
import { SecretText } from '@banyan/kernel';
import type { Endpoint, Sidecar, Upstream } from '../domain/sidecar.js';

// The agent's HTTP answers, as far as a sidecar reads them; further fields are ignored.

const port = z.number().int().min(1).max(65_535);
const optionalPort = z.number().int().min(0).max(65_535).optional();
const textOr = (fallback: string) =>
  z
    .string()
    .nullish()
    .transform((text) => text || fallback);

const leafShape = z.object({ CertPEM: z.string().min(1), PrivateKeyPEM: z.string().min(1) });

const trustShape = z.object({
  ActiveRootID: z.string().nullish(),
  TrustDomain: z.string().min(1),
  Roots: z
    .array(z.object({ ID: z.string().nullish(), RootCert: z.string().min(1), Tainted: z.boolean().nullish() }))
    .min(1),
  TaintedRoots: z.array(z.string().max(128)).nullish(),
  DeniedKeys: z.array(z.object({ KeySHA256: z.string().max(128) })).nullish(),
});

const upstreamShape = z.object({
  DestinationType: textOr('service'),
  DestinationName: z.string().min(1),
  Datacenter: z.string().nullish(),
  LocalBindAddress: textOr('127.0.0.1'),
  LocalBindPort: optionalPort,
});

const sidecarShape = z.object({
  Kind: z.string().optional(),
  ID: z.string().min(1),
  Address: z.string().nullish(),
  Port: optionalPort,
  Datacenter: z.string().min(1),
  Proxy: z.object({
    DestinationServiceName: z.string().min(1),
    LocalServiceAddress: textOr('127.0.0.1'),
    LocalServicePort: port,
    Config: z.object({ bind_address: z.string().optional(), bind_port: port.optional() }).nullish(),
    Upstreams: z.array(upstreamShape).nullish(),
  }),
});

const endpointsShape = z.array(
  z.object({
    Node: z.object({ Address: z.string(), Datacenter: z.string().min(1) }),
    Service: z.object({ Address: z.string().nullish(), Port: z.number().int() }),
  }),
);

const authorizationShape = z.object({ Authorized: z.boolean(), Reason: z.string() });

const read = <T>(shape: z.ZodType<T>, body: string, what: string): T => {
  const json = parsedJson(body);
  if (json === undefined) throw new BanyanError('REQUEST_INVALID', `the agent's answer for ${what} is not JSON`);
  const parsed = shape.safeParse(json);
  if (parsed.success) return parsed.data;
  const places = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  throw new BanyanError('REQUEST_INVALID', `the agent's answer for ${what} has an unexpected shape: ${places}`);
};

// Each reader below throws `REQUEST_INVALID` naming the field, never its value.

/** `GET /v1/agent/connect/ca/leaf/<service>`. */
export const readLeaf = (body: string): LeafMaterial => {
  const leaf = read(leafShape, body, 'the leaf');
  return { certificatePem: leaf.CertPEM, privateKeyPem: new SecretText(leaf.PrivateKeyPEM) };
};

/** `GET /v1/agent/connect/ca/roots`. */
export const readTrust = (body: string): TrustMaterial => {
  const trust = read(trustShape, body, 'the roots');
  const rootPems = trust.Roots.map((root) => root.RootCert);
  const taintedRootIds = trust.Roots.flatMap(({ ID, Tainted }) => (Tainted === true && ID ? [ID] : []));
  const taintedGone = trust.TaintedRoots ?? [];
  const deniedKeys = (trust.DeniedKeys ?? []).map(({ KeySHA256 }) => KeySHA256);
  return {
    trustDomain: trust.TrustDomain,
    rootPems,
    ...(taintedRootIds.length > 0 && { taintedRootIds }),
    ...(taintedGone.length > 0 && { taintedGone }),
    ...(deniedKeys.length > 0 && { deniedKeys }),
    ...(trust.ActiveRootID && { activeRootId: trust.ActiveRootID }),
  };
};

/** Upstreams this proxy cannot serve are left out and told to `unsupported`. */
export const readSidecar = (body: string, unsupported: (upstream: string) => void): Sidecar => {
  const { ID, Address, Port, Datacenter, Proxy } = read(sidecarShape, body, 'the sidecar');
  const bindPort = Proxy.Config?.bind_port ?? Port ?? 0;
  if (bindPort === 0) throw new BanyanError('REQUEST_INVALID', `the sidecar ${ID} is registered without a port`);
  const upstreams = (Proxy.Upstreams ?? []).flatMap((upstream): Upstream[] => {
    if (upstream.DestinationType !== 'service' || !upstream.LocalBindPort) {
      unsupported(upstream.DestinationName);
      return [];
    }
    return [
      {
        destination: upstream.DestinationName,
        datacenter: upstream.Datacenter || Datacenter,
        bindAddress: upstream.LocalBindAddress,
        bindPort: upstream.LocalBindPort,
      },
    ];
  });
  return {
    proxyId: ID,
    service: Proxy.DestinationServiceName,
    datacenter: Datacenter,
    bindAddress: Proxy.Config?.bind_address ?? (Address || '0.0.0.0'),
    bindPort,
    localAddress: Proxy.LocalServiceAddress,
    localPort: Proxy.LocalServicePort,
    upstreams,
  };
};

/** An instance without an address of its own is reached at its node's. */
export const readEndpoints = (body: string): readonly Endpoint[] =>
  read(endpointsShape, body, 'the instances').map(({ Node, Service }) => ({
    address: Service.Address || Node.Address,
    port: Service.Port,
    datacenter: Node.Datacenter,
  }));

/** `POST /v1/agent/connect/authorize`. */
export const readAuthorization = (body: string): Authorization => {
  const answer = read(authorizationShape, body, 'authorize');
  return { authorized: answer.Authorized, reason: answer.Reason };
};
