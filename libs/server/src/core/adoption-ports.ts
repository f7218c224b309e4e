import { AgentPresence, type AuthorityFacts, AuthoritySource, LiveLeaves } from '@banyan/adoption';
import {
  type ActiveAuthority,
  type CaProjection,
  type LeafIssuer,
  readAuthorityReport,
  type SigningOrders,
} from '@banyan/ca';
import { readAgentNodes } from '@banyan/catalog';
import type { ServerMembership } from '@banyan/federation';
import type { EpochMs } from '@banyan/kernel';
import type { LedgerReader } from '@banyan/ledger';
import type { Store } from '@banyan/store';

/**
 * Without a limit by rate, and before anything was measured: what one core signs at the least, so that a re-issue is spread
 * and not sent at once.
 */
const UNMEASURED_PER_SECOND = 200;

/** What {@link CoreAuthority} needs. */
export interface CoreAuthorityParts {
  readonly datacenter: string;
  readonly store: Store;
  readonly ca: CaProjection;
  readonly leaves: LeafIssuer;
  readonly membership: ServerMembership;
  readonly orders: SigningOrders;
}

/** The signing authority of this datacenter, from memory and, for the horizons, from the store. */
export class CoreAuthority extends AuthoritySource {
  constructor(private readonly parts: CoreAuthorityParts) {
    super();
  }

  override async facts(now: EpochMs): Promise<AuthorityFacts> {
    const { datacenter, store, ca, orders } = this.parts;
    const { horizons } = await readAuthorityReport(store, datacenter, now);
    const { roots, active, staged, leavingKeyIds } = ca.state;
    return {
      datacenter,
      bundle: roots.map(({ id }) => id),
      ...(active && { signingRootId: active.rootId }),
      ...(staged && { stagedRootId: staged.rootId }),
      ...(active && { key: keyOf(active, staged?.rotationId) }),
      leavingKeyIds,
      tainted: roots.some(({ taintedAt }) => taintedAt !== undefined) || orders.current()?.urgent === true,
      horizons,
      signing: this.#signing(),
    };
  }

  #signing(): AuthorityFacts['signing'] {
    const { ca, leaves, membership } = this.parts;
    const { measuredPerSecond } = leaves;
    const limit = ca.state.configuration?.parsed.csrMaxPerSecond ?? 0;
    // Every server counts for itself, and signs by the same limit.
    const servers = Math.max(1, membership.servers.filter(({ alive }) => alive).length);
    return {
      ...(measuredPerSecond !== undefined && { measuredPerSecond }),
      budgetPerSecond: servers * (limit > 0 ? limit : (measuredPerSecond ?? UNMEASURED_PER_SECOND)),
    };
  }
}

/** The signing key, by what names it. */
const keyOf = (
  { certificate, rotationId }: ActiveAuthority,
  stagedFor: string | undefined,
): NonNullable<AuthorityFacts['key']> => ({
  keyId: certificate.subjectKeyId ?? '',
  keyFingerprint: certificate.keyFingerprint,
  notAfter: certificate.notAfter,
  ...(rotationId !== undefined && { rotationId }),
  ...(stagedFor !== undefined && { stagedFor }),
});

/** The nodes of the catalog that an agent keeps. */
export class CatalogAgents extends AgentPresence {
  constructor(private readonly store: Store) {
    super();
  }

  override seen(): Promise<ReadonlyMap<string, EpochMs>> {
    return readAgentNodes(this.store);
  }
}

/** The issuance ledger's count. */
export class LedgerLeaves extends LiveLeaves {
  constructor(private readonly ledger: LedgerReader) {
    super();
  }

  override live(now: EpochMs, by?: 'root' | 'key'): Promise<Readonly<Record<string, number>>> {
    return this.ledger.live(now, by);
  }
}
