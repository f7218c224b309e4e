import { z } from 'zod';

const datacenter = z.looseObject({
  Name: z.string(),
  Role: z.string(),
  State: z.string(),
  Reason: z.string(),
  WANAddresses: z.array(z.string()),
  Link: z.looseObject({ State: z.string(), LastContactMs: z.number().nullable() }),
  LagIndex: z.number().nullable(),
  LagSeconds: z.number().nullable(),
  Canary: z.looseObject({ State: z.string(), RoundTripMs: z.number().nullable(), ObjectiveMs: z.number() }).nullable(),
  ReportedAt: z.string().nullable(),
  Servers: z.array(
    z.looseObject({
      ID: z.string(),
      Name: z.string(),
      Version: z.string(),
      Alive: z.boolean(),
      Leases: z.array(z.string()),
    }),
  ),
  Agents: z.looseObject({ Total: z.number(), Live: z.number(), Versions: z.record(z.string(), z.number()) }),
  SigningRootID: z.string(),
  Intermediate: z.looseObject({ SerialNumber: z.string(), NotAfter: z.string(), LifeUsed: z.number() }).nullable(),
});
export type WireDatacenter = z.infer<typeof datacenter>;

/** GET /v1/operator/federation. */
export const federationShape = z.looseObject({
  Datacenter: z.string(),
  PrimaryDatacenter: z.string(),
  TrustDomain: z.string(),
  Datacenters: z.array(datacenter),
});
export type WireFederation = z.infer<typeof federationShape>;

/** GET /v1/connect/ca/roots. */
export const rootsShape = z.looseObject({
  ActiveRootID: z.string(),
  TrustDomain: z.string(),
  Roots: z.array(
    z.looseObject({
      ID: z.string(),
      Name: z.string(),
      SigningKeyID: z.string(),
      NotBefore: z.string(),
      NotAfter: z.string(),
      RootCert: z.string(),
      IntermediateCerts: z.array(z.string()).nullable(),
      Active: z.boolean(),
      Tainted: z.boolean().optional(),
      PrivateKeyType: z.string(),
      PrivateKeyBits: z.number(),
    }),
  ),
});
export type WireRoots = z.infer<typeof rootsShape>;
export type WireRoot = WireRoots['Roots'][number];

/** GET /v1/operator/servers. */
export const serversShape = z.looseObject({
  Leader: z.string(),
  Servers: z.array(
    z.looseObject({
      Name: z.string(),
      Datacenter: z.string(),
      Version: z.string(),
      HTTPAddress: z.string(),
      LANAddress: z.string(),
      WANAddress: z.string(),
      LastHeardMs: z.number(),
      Alive: z.boolean(),
      Leases: z.array(z.looseObject({ Name: z.string() })),
    }),
  ),
});
export type WireServers = z.infer<typeof serversShape>;

/** GET /v1/connect/ca/adoption. */
export const adoptionShape = z.looseObject({
  Datacenter: z.string(),
  SigningRootID: z.string(),
  Agents: z.looseObject({ Total: z.number(), Live: z.number() }),
  Laggards: z.array(z.looseObject({ Node: z.string(), Reason: z.string(), Detail: z.string(), Live: z.boolean() })),
});
export type WireAdoption = z.infer<typeof adoptionShape>;

/** GET /readyz, of an agent or a server. */
export const readyShape = z.looseObject({
  ok: z.boolean(),
  dependencies: z.array(z.looseObject({ name: z.string(), ok: z.boolean(), reason: z.string() })),
});

/** GET /v1/acl/token/self. */
export const ownTokenShape = z.looseObject({
  AccessorID: z.string(),
  Description: z.string(),
  Role: z.looseObject({ kind: z.string() }).optional(),
});
export type WireOwnToken = z.infer<typeof ownTokenShape>;
