import { BanyanError, contentHash, epochMs, isBanyanError, type JsonValue } from '@banyan/kernel';
import { Certificate } from '@banyan/pki';
import type { ReplicatedItem, ReplicatedTopic, Transaction } from '@banyan/store';
import { type EntityManager, In } from 'typeorm';
import { z } from 'zod';
import { CaConfigurationRow, RootAuthorityRow, TrustDomainRow } from './ca-rows.js';
import { writeCaConfiguration, writeTrustDomain } from './configuration-writes.js';
import { deniedKeyReplica } from './denied-key-writes.js';
import { deleteRoot, publicBody, type RootContent, rootHash, writeRoot } from './root-writes.js';
import { rootTransitionReplica } from './transition-writes.js';

const pem = z.string().max(64 * 1024);
const rootBody = z.strictObject({
  id: z.string().max(64),
  fingerprintSha256: z.string().max(128),
  generation: z.int().min(1),
  name: z.string().max(256),
  certificatePem: pem,
  crossSignedPem: pem.nullable(),
  provider: z.string().max(256),
  state: z.enum(['next', 'active', 'inactive']),
  taintedAt: z.number().nullable(),
  rotatedOutAt: z.number().nullable(),
  privateKeyType: z.string().max(16),
  privateKeyBits: z.int(),
});
const trustDomainBody = z.strictObject({ clusterId: z.uuid(), primaryDatacenter: z.string().max(64) });
const configurationBody = z.strictObject({
  provider: z.string().max(256),
  config: z.record(z.string().max(128), z.json()),
  forceWithoutCrossSigning: z.boolean(),
});

const parseBody = <T>(schema: z.ZodType<T>, item: ReplicatedItem): T => {
  const parsed = schema.safeParse(item.body);
  if (!parsed.success || contentHash(item.body) !== item.contentHash) {
    throw new BanyanError(
      'REQUEST_INVALID',
      `the replicated record ${item.key} does not follow its schema or its hash`,
      {
        fields: { key: item.key },
      },
    );
  }
  return parsed.data;
};

/** A root as another datacenter tells of it, without what is sealed; undefined for what is none, or not what it names. */
export const readPublicRoot = (body: JsonValue): RootContent | undefined => {
  const parsed = rootBody.safeParse(body);
  if (!parsed.success) return undefined;
  try {
    const certificate = Certificate.fromPem(parsed.data.certificatePem);
    if (parsed.data.crossSignedPem !== null) Certificate.fromPem(parsed.data.crossSignedPem);
    if (certificate.fingerprintSha1 !== parsed.data.id) return undefined;
    const contents = contentOf(parsed.data);
    return certificate.fingerprintSha256 === contents.fingerprintSha256 ? contents : undefined;
  } catch (error) {
    if (isBanyanError(error)) return undefined;
    throw error;
  }
};

const contentOf = (body: z.output<typeof rootBody>): RootContent => ({
  ...body,
  rotatedOutAt: body.rotatedOutAt === null ? null : epochMs(body.rotatedOutAt),
  taintedAt: body.taintedAt === null ? null : epochMs(body.taintedAt),
  sealedKey: null,
  sealedConfiguration: null,
});

const itemOf = (key: string, body: JsonValue): ReplicatedItem => ({ key, contentHash: contentHash(body), body });

/** Roots in every bundle: certificates and cross-signed certificates, never a key. */
const rootReplica: ReplicatedTopic = {
  topic: 'root',
  snapshot: async (manager) => (await manager.find(RootAuthorityRow)).map((row) => itemOf(row.id, publicBody(row))),
  read: async (manager, keys) =>
    (await manager.find(RootAuthorityRow, { where: { id: In([...keys]) } })).map((row) =>
      itemOf(row.id, publicBody(row)),
    ),
  stage: async (tx, item) => {
    const body = parseBody(rootBody, item);
    if (Certificate.fromPem(body.certificatePem).fingerprintSha1 !== body.id) {
      throw new BanyanError('REQUEST_INVALID', `the replicated root ${item.key} is not the certificate it names`);
    }
    const stored = await tx.manager.findOne(RootAuthorityRow, { where: { id: item.key } });
    if (stored !== null && rootHash(stored) === item.contentHash) return false;
    tx.stage(writeRoot(contentOf(body)));
    return true;
  },
  stageDelete: async (tx, key) => {
    const stored = await tx.manager.findOne(RootAuthorityRow, { where: { id: key } });
    if (stored === null) return false;
    tx.stage(deleteRoot(key, rootHash(stored)));
    return true;
  },
};

const trustDomainBodyOf = (row: TrustDomainRow): JsonValue => ({
  clusterId: row.clusterId,
  primaryDatacenter: row.primaryDatacenter,
});

const readTrustDomain = async (manager: EntityManager): Promise<ReplicatedItem[]> =>
  (await manager.find(TrustDomainRow)).map((row) => itemOf('trust-domain', trustDomainBodyOf(row)));

/** The trust domain. One that differs from the stored one is refused (`TRUST_DOMAIN_MISMATCH`), never adopted. */
const trustDomainReplica: ReplicatedTopic = {
  topic: 'trust-domain',
  snapshot: readTrustDomain,
  read: readTrustDomain,
  stage: async (tx: Transaction, item) => {
    const body = parseBody(trustDomainBody, item);
    const stored = await tx.manager.findOne(TrustDomainRow, { where: { id: 1 } });
    if (stored === null) {
      tx.stage(writeTrustDomain(body));
      return true;
    }
    if (stored.clusterId !== body.clusterId) {
      throw new BanyanError(
        'TRUST_DOMAIN_MISMATCH',
        `the primary serves trust domain ${body.clusterId}.consul, this datacenter belongs to ${stored.clusterId}.consul: check the primary's address`,
      );
    }
    return false;
  },
  stageDelete: async () => false,
};

const configurationBodyOf = (row: CaConfigurationRow): JsonValue => ({
  provider: row.provider,
  config: row.config as JsonValue,
  forceWithoutCrossSigning: row.forceWithoutCrossSigning,
});

const readConfiguration = async (manager: EntityManager): Promise<ReplicatedItem[]> =>
  (await manager.find(CaConfigurationRow)).map((row) => itemOf('ca-configuration', configurationBodyOf(row)));

/** The CA configuration (lifetimes, key kind, limits), so that a secondary keeps signing by it without the WAN. */
const caConfigurationReplica: ReplicatedTopic = {
  topic: 'ca-configuration',
  snapshot: readConfiguration,
  read: readConfiguration,
  stage: async (tx, item) => {
    const body = parseBody(configurationBody, item);
    const stored = await tx.manager.findOne(CaConfigurationRow, { where: { id: 1 } });
    if (stored !== null && contentHash(configurationBodyOf(stored)) === item.contentHash) return false;
    tx.stage(writeCaConfiguration(body));
    return true;
  },
  stageDelete: async () => false,
};

/** In the order in which a secondary must apply them: a root means nothing without its trust domain. */
export const CA_REPLICAS: readonly ReplicatedTopic[] = [
  trustDomainReplica,
  caConfigurationReplica,
  // Before the roots: a compromised root leaves with its key denied, never the other way round.
  deniedKeyReplica,
  rootReplica,
  rootTransitionReplica,
];
