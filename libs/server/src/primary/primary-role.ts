import { requirePermission, StoreTokenWriter } from '@banyan/acl';
import {
  LocalIntermediateIssuer,
  RootAuthority,
  RootRenewal,
  type RootProviderKind,
  SigningAuthority,
} from '@banyan/ca';
import { DatacenterRegistry } from '@banyan/federation';
import { StoreIntentionWriter } from '@banyan/intentions';
import { BanyanError } from '@banyan/kernel';
import { FeedSource, SourceHistory, stateOfFailure } from '@banyan/replication';
import { CaPresentAuthority, DEFAULT_POLICY, RotationEngine } from '@banyan/rotation';
import type { SignIntermediateReply, SignIntermediateRequest } from '@banyan/rpc';
import type { Fence } from '@banyan/store';
import { AuthorityTask } from '../core/authority-task.js';
import { RotationOrders } from '../core/signing-orders.js';
import type { DatacenterCore } from '../core/datacenter-core.js';
import { bundleJson } from '../edges/bundle-items.js';
import type { NamedState } from '../edges/own-standing.js';
import { REPLICATION_STREAMS } from '../edges/replication-streams.js';
import { optionalToken } from '../edges/lan-service.js';
import type { HttpEntrance, ServerRole } from '../edges/role.js';
import { CaDeniedKeys } from './ca-denied-keys.js';
import { CanaryBeat } from './canary-beat.js';
import { PrimaryDesk } from './primary-desk.js';
import { PrimaryFederation } from './primary-federation.js';
import { PrimaryRotationDesk } from './primary-rotation-desk.js';
import type { PrimarySettings } from './primary-settings.js';
import { PrimaryWanService } from './primary-wan-service.js';
import { ProviderWatch } from './provider-watch.js';
import { RegisteredEvidence } from './registered-evidence.js';
import { RootReturns } from './root-returns.js';
import { RotatingConfigurationWriter } from './rotating-configuration-writer.js';
import { RotationTask } from './rotation-task.js';

/** What {@link PrimaryRole} needs. */
export interface PrimaryRoleParts {
  readonly core: DatacenterCore;
  readonly settings: PrimarySettings;
  /** CA providers beside the built-in one. */
  readonly kinds: readonly RootProviderKind[];
  readonly http: () => HttpEntrance;
  /** Told of the active root's fingerprint whenever that may have changed. */
  readonly onRoot: (fingerprintSha256: string) => void;
}

/** Accessor of what nobody asked for. */
const MACHINE = { accessorId: 'banyan' };

/** The primary: the root is here, intentions and tokens are written here, and the change feed starts here. */
export class PrimaryRole implements ServerRole {
  readonly intentionWriter: StoreIntentionWriter;
  readonly tokenWriter: StoreTokenWriter;
  readonly configurationWriter: RotatingConfigurationWriter;
  readonly rotationDesk: PrimaryRotationDesk;
  readonly replicationDesk: PrimaryDesk;
  readonly federation: PrimaryFederation;
  readonly wan: PrimaryWanService;
  readonly #canary: CanaryBeat;
  readonly #root: RootAuthority;
  readonly #registry: DatacenterRegistry;
  readonly #task: AuthorityTask;
  readonly #rotations: RotationTask;
  readonly #provider: ProviderWatch;
  readonly #renewal: RootRenewal;

  constructor(private readonly parts: PrimaryRoleParts) {
    const { core, kinds, http } = parts;
    const { store, follower, ca: projection, keys, ambient, datacenter } = core;
    const shared = { datacenter, store, follower, projection, keys, ...ambient };
    this.intentionWriter = new StoreIntentionWriter(store, ambient.logger);
    this.tokenWriter = new StoreTokenWriter({ store, ...ambient });
    this.#registry = new DatacenterRegistry(store, follower);
    this.#root = new RootAuthority({ ...shared, kinds, recorder: core.ledger });
    this.#task = new AuthorityTask({
      ...ambient,
      projection,
      fence: () => core.fence(),
      signing: new SigningAuthority({
        ...shared,
        issuer: new LocalIntermediateIssuer(this.#root),
        orders: new RotationOrders(datacenter, core.rotations),
      }),
      duties: {
        prepare: (fence, signal) => this.#prepare(fence, signal),
        maintain: (_fence, signal) => this.#renewal.look(signal),
      },
    });
    const engine = this.#makeEngine();
    this.#rotations = new RotationTask(core, engine);
    this.rotationDesk = new PrimaryRotationDesk(engine, this.#rotations);
    this.configurationWriter = new RotatingConfigurationWriter(this.#root, this.rotationDesk, core);
    this.#provider = new ProviderWatch(core, this.#root);
    this.#renewal = this.#makeRenewal(engine);
    core.onLease(() => {
      this.#task.wake();
      this.#rotations.wake();
    });
    core.agentReports.onWritten(() => this.reported());
    core.rotations.onChange(() => this.#task.wake());
    const topics = REPLICATION_STREAMS.flatMap((stream) => stream.topics);
    const feed = new FeedSource({ store, follower, topics, ...ambient });
    const returns = new RootReturns(core);
    const history = new SourceHistory({ store, ...ambient });
    this.replicationDesk = new PrimaryDesk({ core, registry: this.#registry, history, returns });
    const known = { core, registry: this.#registry, desk: this.replicationDesk };
    this.federation = new PrimaryFederation({ ...known, state: () => this.state });
    this.#canary = new CanaryBeat(core);
    this.wan = new PrimaryWanService({ core, feed, registry: this.#registry, history, returns, role: this, http });
  }

  start(): void {
    this.#task.start();
    this.#rotations.start();
    this.#provider.start();
    this.#canary.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#task.stop(), this.#rotations.stop(), this.#provider.stop(), this.#canary.stop()]);
  }

  /** The named state of the authority here, and why. */
  get state(): NamedState {
    const { active } = this.parts.core.ca.state;
    const { failure = 'the signing authority is being made', failureCode } = this.#task;
    if (active === undefined) return { state: stateOfFailure(failureCode), reason: failure };
    if (active.certificate.notAfter <= this.parts.core.ambient.clock.now())
      return { state: 'EXPIRED', reason: failure };
    return this.#provider.state;
  }

  /** A datacenter or an agent said something: if there is a rotation, a gate may be met now. */
  reported(): void {
    if (this.parts.core.rotations.list().some(({ rotation }) => rotation.finishedAt === undefined))
      this.#rotations.wake();
  }

  /** Signs for whoever holds a replication token bound to that datacenter's name, and makes it known to the federation. */
  async signIntermediate(request: SignIntermediateRequest, signal: AbortSignal): Promise<SignIntermediateReply> {
    const { tokens, ambient, store } = this.parts.core;
    const caller = tokens.resolve(optionalToken(request.token));
    requirePermission(caller, { resource: 'ca', access: 'sign-intermediate', name: request.datacenter });
    if (request.datacenter === this.parts.core.datacenter) {
      throw new BanyanError(
        'PEER_NOT_ALLOWED',
        `${request.datacenter} is the primary itself: give the secondary a name of its own`,
      );
    }
    const { datacenter: forDatacenter, rootId } = request;
    const { accessorId } = caller;
    const order = { datacenter: forDatacenter, accessorId, ...(rootId !== undefined && rootId !== '' && { rootId }) };
    const issued = await this.#root.signIntermediate(request.csrPem, order, signal);
    await this.#registry.register({ name: request.datacenter, wanAddress: request.wanAddress, isPrimary: false });
    ambient.logger.info('intermediate handed out', {
      forDatacenter: request.datacenter,
      accessorId: caller.accessorId,
      root: issued.rootId,
    });
    return { ...issued, bundleJson: await bundleJson(store) };
  }

  async #prepare(fence: Fence, signal: AbortSignal): Promise<void> {
    await this.#root.initialize(fence, signal);
    const { datacenter, membership, ca } = this.parts.core;
    await this.#registry.register({
      name: datacenter,
      wanAddress: membership.wanAddresses().join(','),
      isPrimary: true,
    });
    this.parts.onRoot(ca.wantedRoot!.certificate.fingerprintSha256);
  }

  #makeEngine(): RotationEngine {
    const { store, follower, ca, transitions, keys, ambient, datacenter, adoption } = this.parts.core;
    return new RotationEngine({
      datacenter,
      store,
      follower,
      keys,
      steps: this.#root,
      denied: new CaDeniedKeys(this.#root),
      evidence: new RegisteredEvidence({ datacenter, registry: this.#registry, adoption, clock: ambient.clock }),
      present: new CaPresentAuthority(ca, transitions),
      ...ambient,
    });
  }

  /** A root that nears its end is replaced by a rotation like any other. */
  #makeRenewal(engine: RotationEngine): RootRenewal {
    const { ca: projection, ambient, health } = this.parts.core;
    const renewal = new RootRenewal({
      ...ambient,
      projection,
      policy: this.parts.settings.BANYAN_ROOT_RENEWAL,
      start: async (note) => {
        await engine.start({ crossSign: true, note, policy: DEFAULT_POLICY }, 'unplanned', MACHINE);
        this.#rotations.wake();
      },
    });
    health.register('root-renewal', () => ({ ok: true, ...(renewal.note !== undefined && { note: renewal.note }) }));
    return renewal;
  }
}
