import { requirePermission, StoreTokenWriter, tokenReplica, type WriteContext } from '@banyan/acl';
import {
  type AuthorityReport,
  AuthorityReports,
  CA_REPLICAS,
  LocalIntermediateIssuer,
  RootAuthority,
  RootRetirement,
  SigningAuthority,
} from '@banyan/ca';
import { DatacenterRegistry, datacenterReplica } from '@banyan/federation';
import { type CaConfigurationChange, CaConfigurationWriter } from '@banyan/http-api';
import { intentionReplica, StoreIntentionWriter } from '@banyan/intentions';
import { BanyanError, type Timers } from '@banyan/kernel';
import { FeedSource } from '@banyan/replication';
import type { SignIntermediateReply, SignIntermediateRequest } from '@banyan/rpc';
import type { Fence } from '@banyan/store';
import { AuthorityTask } from '../core/authority-task.js';
import type { DatacenterCore } from '../core/datacenter-core.js';
import { wanAdvertise } from '../core/server-settings.js';
import { bundleJson } from '../edges/bundle-items.js';
import { optionalToken } from '../edges/lan-service.js';
import type { HttpEntrance, ServerRole } from '../edges/role.js';
import { authorityReportSchema } from './authority-report-schema.js';
import { PrimaryWanService } from './primary-wan-service.js';

/** PUT configuration answers when this datacenter signs under the next root; X12 covers whoever needs longer. */
const ROTATION_ANSWER_LIMIT_MS = 10_000;

/** The primary: the root is here, intentions and tokens are written here, and the change feed starts here. */
export class PrimaryRole implements ServerRole {
  readonly intentionWriter: StoreIntentionWriter;
  readonly tokenWriter: StoreTokenWriter;
  readonly configurationWriter: CaConfigurationWriter;
  readonly wan: PrimaryWanService;
  readonly #root: RootAuthority;
  readonly #registry: DatacenterRegistry;
  readonly #task: AuthorityTask;

  constructor(
    private readonly core: DatacenterCore,
    http: () => HttpEntrance,
    private readonly onRoot: (fingerprintSha256: string) => void,
  ) {
    const { store, follower, ca: projection, keys, ambient, datacenter } = core;
    const common = { datacenter, store, follower, projection, keys, ...ambient };
    this.intentionWriter = new StoreIntentionWriter(store, ambient.logger);
    this.tokenWriter = new StoreTokenWriter({ store, ...ambient });
    this.#registry = new DatacenterRegistry(store, follower);
    this.#root = new RootAuthority({ ...common, recorder: core.ledger });
    const retirement = new RootRetirement({ ...common, reports: new RegisteredReports(this.#registry, datacenter) });
    this.#task = new AuthorityTask({
      ...ambient,
      projection,
      fence: () => core.fence(),
      signing: new SigningAuthority({ ...common, issuer: new LocalIntermediateIssuer(this.#root) }),
      duties: {
        prepare: (fence, signal) => this.#prepare(fence, signal),
        maintain: async (fence) => void (await retirement.sweep(fence)),
      },
    });
    core.onLease(() => this.#task.wake());
    this.configurationWriter = new RootConfigurationWriter(this.#root, core);
    const topics = [...CA_REPLICAS, datacenterReplica, tokenReplica, intentionReplica];
    const feed = new FeedSource({ store, follower, topics, ...ambient });
    this.wan = new PrimaryWanService({ core, feed, registry: this.#registry, role: this, http });
  }

  start(): void {
    this.#task.start();
  }

  async stop(): Promise<void> {
    await this.#task.stop();
  }

  /** Signs for whoever holds a replication token bound to that datacenter's name, and makes it known to the federation. */
  async signIntermediate(request: SignIntermediateRequest, signal: AbortSignal): Promise<SignIntermediateReply> {
    const { tokens, ambient, store } = this.core;
    const caller = tokens.resolve(optionalToken(request.token));
    requirePermission(caller, { resource: 'ca', access: 'sign-intermediate', name: request.datacenter });
    if (request.datacenter === this.core.datacenter) {
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
    const { datacenter, settings, ca } = this.core;
    await this.#registry.register({ name: datacenter, wanAddress: wanAdvertise(settings), isPrimary: true });
    this.onRoot(ca.wantedRoot!.certificate.fingerprintSha256);
  }
}

class RootConfigurationWriter extends CaConfigurationWriter {
  constructor(
    private readonly root: RootAuthority,
    private readonly core: DatacenterCore,
  ) {
    super();
  }

  override async configure(context: WriteContext, change: CaConfigurationChange): Promise<void> {
    const { ca, ambient, store } = this.core;
    const order = { ...change, crossSign: !change.forceWithoutCrossSigning };
    const meaning = await this.root.meaning(order);
    ambient.logger.info('CA configured', { accessorId: context.accessorId, outcome: meaning.kind });
    if (meaning.kind === 'stored') await this.root.storeConfiguration(change);
    if (meaning.kind !== 'next-root') return;
    const signal = AbortSignal.timeout(ROTATION_ANSWER_LIMIT_MS);
    const outcome = await this.root.make({ ...order, rotationId: ambient.random.uuid(), compromised: false }, signal);
    await store.run(async (tx) => outcome.publish(tx));
    await store.run(async (tx) => this.root.apply(tx, { kind: 'activate', rootId: outcome.rootId }));
    await settled(ambient.timers, ROTATION_ANSWER_LIMIT_MS, (done) => {
      const look = (): void => {
        if (ca.state.active?.rootId === outcome.rootId) done();
      };
      const unsubscribe = ca.onChange(look);
      look();
      return unsubscribe;
    });
  }
}

/** Resolves when `watch` says so, or after `limitMs`. */
const settled = (timers: Timers, limitMs: number, watch: (done: () => void) => () => void): Promise<void> =>
  new Promise((resolve) => {
    let unsubscribe: (() => void) | undefined;
    const end = (): void => {
      timer.clear();
      queueMicrotask(() => unsubscribe?.());
      resolve();
    };
    const timer = timers.set(limitMs, end);
    unsubscribe = watch(end);
  });

/** What the secondaries reported, from the registry. */
class RegisteredReports extends AuthorityReports {
  constructor(
    private readonly registry: DatacenterRegistry,
    private readonly own: string,
  ) {
    super();
  }

  override async all(): Promise<ReadonlyMap<string, AuthorityReport | undefined>> {
    const reports = new Map<string, AuthorityReport | undefined>();
    for (const [name, { report, reportedAt }] of await this.registry.reports()) {
      if (name === this.own) continue;
      const parsed = authorityReportSchema.safeParse(report);
      reports.set(
        name,
        parsed.success && reportedAt !== null
          ? { ...(parsed.data as AuthorityReport), datacenter: name, reportedAt }
          : undefined,
      );
    }
    return reports;
  }
}
