import { type BanyanError, isBanyanError } from '@banyan/kernel';
import type { z } from 'zod';
import type { ApiClient } from '../../api/api-client.js';
import {
  adoptionShape,
  federationShape,
  ownTokenShape,
  rootsShape,
  serversShape,
  type WireAdoption,
  type WireFederation,
  type WireOwnToken,
  type WireRoots,
  type WireServers,
} from '../../wire/federation-shapes.js';
import { replicationShape, type WireReplication } from '../../wire/replication-shapes.js';
import { rotationsShape, type WireRotation } from '../../wire/rotation-shapes.js';

/** An answer, or why there is none. */
export type Asked<T> = { readonly value: T } | { readonly error: BanyanError };

/** Everything that status and doctor read of a mesh, each part as it was answered. */
export interface MeshAnswers {
  readonly roots: Asked<WireRoots>;
  readonly federation: Asked<WireFederation>;
  readonly replication: Asked<WireReplication>;
  readonly rotations: Asked<readonly WireRotation[]>;
  readonly servers: Asked<WireServers>;
  readonly token: Asked<WireOwnToken>;
  /** By datacenter. */
  readonly adoptions: ReadonlyMap<string, Asked<WireAdoption>>;
}

const ask = async <T>(api: ApiClient, path: string, shape: z.ZodType<T>): Promise<Asked<T>> => {
  try {
    return { value: await api.get(path, shape) };
  } catch (error) {
    if (isBanyanError(error)) return { error };
    throw error;
  }
};

/** The value of an answer; undefined where there is none. */
export const valueOf = <T>(asked: Asked<T>): T | undefined => ('value' in asked ? asked.value : undefined);

/** A secondary knows of others only their names: where the primary can be asked through it, that fills the rest. */
const withPrimary = async (api: ApiClient, own: Asked<WireFederation>): Promise<Asked<WireFederation>> => {
  const federation = valueOf(own);
  if (federation === undefined || federation.Datacenter === federation.PrimaryDatacenter) return own;
  const all = valueOf(await ask(api.of(federation.PrimaryDatacenter), '/v1/operator/federation', federationShape));
  if (all === undefined) return own;
  const isOwn = ({ Name }: { readonly Name: string }): boolean => Name === federation.Datacenter;
  const others = all.Datacenters.filter((each) => !isOwn(each));
  return { value: { ...federation, Datacenters: [...others, ...federation.Datacenters.filter(isOwn)] } };
};

/** Asks for all of it at once, and then every datacenter that is known for its laggards. */
export const askMesh = async (api: ApiClient): Promise<MeshAnswers> => {
  const [roots, ownFederation, replication, rotations, servers, token] = await Promise.all([
    ask(api, '/v1/connect/ca/roots', rootsShape),
    ask(api, '/v1/operator/federation', federationShape),
    ask(api, '/v1/replication', replicationShape),
    ask(api, '/v1/connect/ca/rotations', rotationsShape),
    ask(api, '/v1/operator/servers', serversShape),
    ask(api, '/v1/acl/token/self', ownTokenShape),
  ]);
  const federation = await withPrimary(api, ownFederation);
  const names = valueOf(federation)?.Datacenters.map(({ Name }) => Name) ?? [];
  const adoptions = await Promise.all(
    names.map(async (name) => [name, await ask(api.of(name), '/v1/connect/ca/adoption', adoptionShape)] as const),
  );
  return { roots, federation, replication, rotations, servers, token, adoptions: new Map(adoptions) };
};

/** Why nothing can be said at all: nobody answers, or the token may read nothing. */
export const noAnswer = ({ roots, federation, replication }: MeshAnswers): BanyanError | undefined => {
  if (!('error' in federation) || !('error' in replication)) return undefined;
  const isRefused = isBanyanError(federation.error, 'PERMISSION_DENIED', 'ACL_NOT_FOUND');
  return isRefused || 'error' in roots ? federation.error : undefined;
};
