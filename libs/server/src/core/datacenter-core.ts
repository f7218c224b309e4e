import { TokenProjection, TokenRow } from '@banyan/acl';
import { AgentReportRow, AgentReportStore, DatacenterAdoptionReader } from '@banyan/adoption';
import { CA_ENTITIES, CaProjection, LeafIssuer, TransitionProjection } from '@banyan/ca';
import { CATALOG_ENTITIES, CatalogProjection, StoreCatalogWriter } from '@banyan/catalog';
import { DatacenterProjection, DatacenterRow, ServerMembership, ServerRegistry } from '@banyan/federation';
import { CanaryRow, IntentionProjection, ServiceIntentionsRow } from '@banyan/intentions';
import {
  type Clock,
  type Logger,
  type Random,
  SystemClock,
  SystemRandom,
  SystemTimers,
  type Timers,
} from '@banyan/kernel';
import { type LedgerReader, LedgerWriter, StoreLedgerReader } from '@banyan/ledger';
import { LagHistory, ReplicationCursorRow, ReplicationHoldRow, ReplicationQuarantineRow } from '@banyan/replication';
import { RotationProjection, RotationRow } from '@banyan/rotation';
import { type Fence, type KeyEncryption, LeaseKeeper, openStore, type Store } from '@banyan/store';
import { HealthRegistry } from '@banyan/telemetry';
import { ChangeFollower } from '@banyan/watch';
import { ServerIdentity } from '../identity/server-identity.js';
import { RotationOrders } from './signing-orders.js';
import { CatalogAgents, CoreAuthority, LedgerLeaves } from './adoption-ports.js';
import { ClockWatch } from './clock-watch.js';
import { ServerAudit } from './server-audit.js';
import { type Database, loadKeyEncryption, openDatabase } from './open-database.js';
import { keptServerId } from './server-id.js';
import { httpAdvertise, lanAdvertise, type ServerSettings, wanAdvertise } from './server-settings.js';

/**
 * The lease outlives a holder that died by at most this; a live one renews it every third of it, and the others try as
 * often: a successor is there after 6 + 2 s at the most, and the promise is 10 s.
 */
const LEASE_TTL_MS = 6_000;

/** The lease of everything that one server of a datacenter does for all. */
export const AUTHORITY_LEASE = 'authority';

/** The version of banyan that this server runs. */
export const VERSION = '0.1.0';

/** What happened to this server's hold of its datacenter's lease. */
export type LeaseChange = 'acquired' | 'lost';

const ENTITIES = [
  ...CA_ENTITIES,
  ...CATALOG_ENTITIES,
  TokenRow,
  ServiceIntentionsRow,
  DatacenterRow,
  CanaryRow,
  ReplicationCursorRow,
  ReplicationHoldRow,
  ReplicationQuarantineRow,
  RotationRow,
  AgentReportRow,
];

/** Time, chance and waiting of a process. */
export interface Ambient {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

/**
 * What a server of any role is made of: the store, the rooms' state in memory, the leaf issuer and its own identity.
 * Opened before any port is; nothing here knows the role.
 */
export class DatacenterCore {
  readonly datacenter: string;
  readonly ca: CaProjection;
  /** How retired roots led to the next ones. */
  readonly transitions: TransitionProjection;
  /** Rotations of the root: made in the primary, shown everywhere. */
  readonly rotations: RotationProjection;
  readonly tokens: TokenProjection;
  readonly intentions: IntentionProjection;
  readonly catalog: CatalogProjection;
  readonly catalogWriter: StoreCatalogWriter;
  readonly datacenters: DatacenterProjection;
  readonly follower: ChangeFollower;
  /** Every certificate that is signed here has its entry before anybody gets it. */
  readonly ledger: LedgerWriter;
  readonly ledgerReader: LedgerReader;
  readonly leaves: LeafIssuer;
  readonly identity: ServerIdentity;
  readonly health: HealthRegistry;
  /** Who did what, and who was refused. */
  readonly audit: ServerAudit;
  /** How our clock stands to others'. */
  readonly clocks: ClockWatch;
  readonly lease: LeaseKeeper;
  /** The servers of this datacenter, this one among them. */
  readonly membership: ServerMembership;
  /** What agents say of themselves, kept for all servers of this datacenter. */
  readonly agentReports: AgentReportStore;
  /** What that means for the roots. */
  readonly adoption: DatacenterAdoptionReader;
  /** How far behind every stream was, as this server saw it since its start. */
  readonly lags = new LagHistory();
  readonly #leaseListeners = new Set<(change: LeaseChange) => void>();

  private constructor(
    readonly settings: ServerSettings,
    readonly store: Store,
    readonly keys: KeyEncryption,
    readonly ambient: Ambient,
    private readonly database: Database,
  ) {
    const serverId = keptServerId(settings.BANYAN_DATA_DIR, ambient.random, ambient.logger);
    this.datacenter = settings.BANYAN_DATACENTER;
    const { clock, timers, random, logger } = ambient;
    this.ca = new CaProjection(store, keys);
    this.transitions = new TransitionProjection(store);
    this.rotations = new RotationProjection(store);
    this.tokens = new TokenProjection(store);
    this.intentions = new IntentionProjection(store);
    this.catalog = new CatalogProjection(store, this.datacenter);
    this.catalogWriter = new StoreCatalogWriter(store, random);
    this.datacenters = new DatacenterProjection(store, this.datacenter);
    this.follower = new ChangeFollower({ log: store, timers, random, logger, clock });
    this.#registerProjections();
    this.ledger = new LedgerWriter({ datacenter: this.datacenter, server: settings.BANYAN_NODE_NAME, store, timers });
    this.ledgerReader = new StoreLedgerReader(store, this.datacenter);
    this.leaves = new LeafIssuer({
      datacenter: this.datacenter,
      store,
      projection: this.ca,
      recorder: this.ledger,
      clock,
      timers,
      random,
    });
    this.identity = new ServerIdentity({
      datacenter: this.datacenter,
      node: settings.BANYAN_NODE_NAME,
      projection: this.ca,
      issuer: this.leaves,
      clock,
      timers,
      logger,
    });
    this.health = new HealthRegistry({ timers });
    this.audit = this.#makeAudit();
    this.clocks = new ClockWatch({ store, ...ambient });
    this.lease = this.#makeLease(serverId);
    this.membership = this.#makeMembership(serverId);
    this.agentReports = new AgentReportStore({ store, server: serverId, clock, timers, logger });
    this.adoption = this.#makeAdoption();
    this.ca.onChange(() => this.adoption.authorityChanged());
    this.#registerHealth();
  }

  /** Opens the store and loads all state. Fails with the store's codes, each saying what to do. */
  static async open(
    settings: ServerSettings,
    logger: Logger,
    onDatabaseEnd: (reason: string) => void,
  ): Promise<DatacenterCore> {
    const ambient = { clock: new SystemClock(), timers: new SystemTimers(), random: new SystemRandom(), logger };
    const keys = loadKeyEncryption(settings, logger);
    const database = await openDatabase(settings, logger, onDatabaseEnd);
    let core: DatacenterCore | undefined;
    try {
      const store = await openStore({
        url: database.url,
        entities: ENTITIES,
        logger,
        keyEncryption: keys,
        random: ambient.random,
      });
      core = new DatacenterCore(settings, store, keys, ambient, database);
      await core.follower.start();
      await core.identity.start();
      core.clocks.start();
      core.audit.start();
      return core;
    } catch (error) {
      await (core?.close() ?? database.stop());
      throw error;
    }
  }

  /** The proof of holding the lease of this datacenter's singletons, while we hold it. */
  fence(): Fence | undefined {
    return this.lease.current();
  }

  /** Calls `listener` whenever this server has become the holder. */
  onLease(listener: () => void): void {
    this.onLeaseChange((change) => {
      if (change === 'acquired') listener();
    });
  }

  /** Calls `listener` whenever this server has become the holder of the lease, or is it no longer. */
  onLeaseChange(listener: (change: LeaseChange) => void): void {
    this.#leaseListeners.add(listener);
  }

  async close(): Promise<void> {
    this.identity.stop();
    try {
      await this.clocks.stop();
      await this.membership.stop();
      await this.lease.stop();
      await this.follower.stop();
      await this.ledger.stop();
      await this.audit.stop();
      await this.agentReports.stop();
      await this.store.close();
    } finally {
      // Whatever else would not close: the embedded database must not go on without its owner.
      await this.database.stop();
    }
  }

  #registerProjections(): void {
    const { ca, transitions, rotations, tokens, intentions, catalog, datacenters } = this;
    for (const projection of [ca, transitions, rotations, tokens, intentions, catalog, datacenters]) {
      this.follower.register(projection);
    }
  }

  #makeLease(holder: string): LeaseKeeper {
    return new LeaseKeeper({
      ...this.ambient,
      store: this.store,
      name: AUTHORITY_LEASE,
      holder,
      ttlMs: LEASE_TTL_MS,
      onAcquired: () => {
        this.membership.wake();
        this.#leaseListeners.forEach((listener) => listener('acquired'));
      },
      onLost: () => {
        this.membership.wake();
        this.#leaseListeners.forEach((listener) => listener('lost'));
      },
    });
  }

  #makeAudit(): ServerAudit {
    const { datacenter, store, settings, ambient, health } = this;
    return new ServerAudit({ datacenter, server: settings.BANYAN_NODE_NAME, store, settings, ambient, health });
  }

  #makeMembership(id: string): ServerMembership {
    const { datacenter, settings, ambient, store } = this;
    return new ServerMembership({
      ...ambient,
      registry: new ServerRegistry(store),
      self: {
        id,
        datacenter,
        name: settings.BANYAN_NODE_NAME,
        version: VERSION,
        httpAddress: httpAdvertise(settings),
        lanAddress: lanAdvertise(settings),
        wanAddress: wanAdvertise(settings),
        startedAt: ambient.clock.now(),
      },
    });
  }

  #makeAdoption(): DatacenterAdoptionReader {
    const { datacenter, store, ca, leaves, membership, ledgerReader, agentReports, ambient, rotations } = this;
    const orders = new RotationOrders(datacenter, rotations);
    return new DatacenterAdoptionReader({
      store,
      reports: agentReports,
      presence: new CatalogAgents(store),
      authority: new CoreAuthority({ datacenter, store, ca, leaves, membership, orders }),
      ledger: new LedgerLeaves(ledgerReader),
      clock: ambient.clock,
    });
  }

  #registerHealth(): void {
    // Reads are answered from memory with their age while the database is away. Of several servers each would say that it is
    // away, and a load balancer that turned from all of them would make of a pause of writes the end of reads.
    const degrades = { degrades: true };
    this.health.register(
      'database',
      async () => {
        await this.store.ping();
        return { ok: true };
      },
      degrades,
    );
    this.health.register(
      'change-feed',
      () => {
        const since = this.follower.behindSince;
        return since === undefined
          ? { ok: true }
          : { ok: false, reason: `behind the database since ${new Date(since).toISOString()}` };
      },
      degrades,
    );
    this.health.register('signing-authority', () => {
      const { active } = this.ca.state;
      if (active === undefined) return { ok: false, reason: 'this datacenter has no intermediate yet' };
      return active.certificate.notAfter > this.ambient.clock.now()
        ? { ok: true }
        : { ok: false, reason: 'EXPIRED: the intermediate is past its end' };
    });
    this.health.register('clock', () => {
      const { note } = this.clocks;
      return { ok: true, ...(note !== undefined && { note }) };
    });
    this.health.register('identity', () =>
      this.identity.rotating.material === undefined
        ? { ok: false, reason: 'this server has no certificate of its own yet' }
        : { ok: true },
    );
  }
}
