import { bigintAsStateIndex, timestamptzAsEpochMs } from '@banyan/store';
import { type EpochMs, type StateIndex } from '@banyan/kernel';
import type { RootState } from '../domain/root-record.js';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { DeniedKeyRow } from './denied-key.row.js';
import { RootTransitionRow } from './root-transition.row.js';

/** The trust domain: made once by the primary, copied by every secondary, never changed. */
@Entity('trust_domain')
export class TrustDomainRow {
  @PrimaryColumn({ name: 'id', type: 'smallint' }) id!: number;
  @Column({ name: 'cluster_id', type: 'uuid' }) clusterId!: string;
  @Column({ name: 'primary_datacenter', type: 'text' }) primaryDatacenter!: string;
  @Column({ name: 'create_index', type: 'bigint', transformer: bigintAsStateIndex }) createIndex!: StateIndex;
  @Column({ name: 'modify_index', type: 'bigint', transformer: bigintAsStateIndex }) modifyIndex!: StateIndex;
}

/** A root; `sealed_key` (the provider's key reference) and `sealed_configuration` are set in the primary only. */
@Entity('root_authority')
export class RootAuthorityRow {
  @PrimaryColumn({ name: 'id', type: 'text' }) id!: string;
  @Column({ name: 'fingerprint_sha256', type: 'text' }) fingerprintSha256!: string;
  @Column({ name: 'generation', type: 'int' }) generation!: number;
  @Column({ name: 'name', type: 'text' }) name!: string;
  @Column({ name: 'certificate_pem', type: 'text' }) certificatePem!: string;
  @Column({ name: 'cross_signed_pem', type: 'text', nullable: true }) crossSignedPem!: string | null;
  @Column({ name: 'sealed_key', type: 'text', nullable: true }) sealedKey!: string | null;
  @Column({ name: 'state', type: 'text' }) state!: RootState;
  @Column({ name: 'provider', type: 'text' }) provider!: string;
  @Column({ name: 'sealed_configuration', type: 'text', nullable: true }) sealedConfiguration!: string | null;
  @Column({ name: 'tainted_at', type: 'timestamptz', nullable: true, transformer: timestamptzAsEpochMs })
  taintedAt!: EpochMs | null;
  @Column({ name: 'rotated_out_at', type: 'timestamptz', nullable: true, transformer: timestamptzAsEpochMs })
  rotatedOutAt!: EpochMs | null;
  @Column({ name: 'private_key_type', type: 'text' }) privateKeyType!: string;
  @Column({ name: 'private_key_bits', type: 'int' }) privateKeyBits!: number;
  @Column({ name: 'create_index', type: 'bigint', transformer: bigintAsStateIndex }) createIndex!: StateIndex;
  @Column({ name: 'modify_index', type: 'bigint', transformer: bigintAsStateIndex }) modifyIndex!: StateIndex;
}

/** The CA configuration; secrets in `config` are replaced by a marker. */
@Entity('ca_configuration')
export class CaConfigurationRow {
  @PrimaryColumn({ name: 'id', type: 'smallint' }) id!: number;
  @Column({ name: 'provider', type: 'text' }) provider!: string;
  @Column({ name: 'config', type: 'jsonb' }) config!: Record<string, unknown>;
  @Column({ name: 'force_without_cross_signing', type: 'boolean' }) forceWithoutCrossSigning!: boolean;
  @Column({ name: 'create_index', type: 'bigint', transformer: bigintAsStateIndex }) createIndex!: StateIndex;
  @Column({ name: 'modify_index', type: 'bigint', transformer: bigintAsStateIndex }) modifyIndex!: StateIndex;
}

/** A datacenter's own intermediate in one of its slots; a retired one has lost its key. */
@Entity('signing_authority')
export class SigningAuthorityRow {
  @PrimaryColumn({ name: 'id', type: 'uuid' }) id!: string;
  @Column({ name: 'slot', type: 'text' }) slot!: 'pending' | 'staged' | 'active' | 'retired';
  @Column({ name: 'root_id', type: 'text', nullable: true }) rootId!: string | null;
  @Column({ name: 'sealed_key', type: 'text', nullable: true }) sealedKey!: string | null;
  @Column({ name: 'csr_pem', type: 'text' }) csrPem!: string;
  @Column({ name: 'certificate_pem', type: 'text', nullable: true }) certificatePem!: string | null;
  @Column({ name: 'leaf_horizon', type: 'timestamptz', nullable: true, transformer: timestamptzAsEpochMs })
  leafHorizon!: EpochMs | null;
  /** The rotation of the datacenter's key that was in force when it was made. */
  @Column({ name: 'rotation_id', type: 'uuid', nullable: true }) rotationId!: string | null;
  @Column({ name: 'created_at', type: 'timestamptz', transformer: timestamptzAsEpochMs }) createdAt!: EpochMs;
  @Column({ name: 'create_index', type: 'bigint', transformer: bigintAsStateIndex }) createIndex!: StateIndex;
  @Column({ name: 'modify_index', type: 'bigint', transformer: bigintAsStateIndex }) modifyIndex!: StateIndex;
}

/** The row classes of this room, for the composition root. */
export const CA_ENTITIES = [
  TrustDomainRow,
  RootAuthorityRow,
  RootTransitionRow,
  DeniedKeyRow,
  CaConfigurationRow,
  SigningAuthorityRow,
] as const;
