import { fileURLToPath } from 'node:url';
import { AccessResolver, TokenReader, TokenWriter } from '@banyan/acl';
import { CaProjection } from '@banyan/ca';
import { CatalogReader, CatalogWriter } from '@banyan/catalog';
import {
  AdoptionDirectory,
  CaConfigurationWriter,
  DatacenterDirectory,
  FederationDirectory,
  HttpApiModule,
  HttpApiSettings,
  LeaderDirectory,
  ReplicationDesk,
  RotationDesk,
} from '@banyan/http-api';
import { LagHistory } from '@banyan/replication';
import { RotationReader } from '@banyan/rotation';
import {
  CallerResolver,
  countAnswers,
  createHttpApplication,
  DatacenterForwarder,
  MetricsText,
  serveStaticPages,
} from '@banyan/http-kit';
import { IntentionReader, IntentionWriter } from '@banyan/intentions';
import { httpTls, listening } from '@banyan/boot';
import { type BackgroundTask, BanyanError, Clock, Logger, Random, Timers } from '@banyan/kernel';
import { LedgerReader } from '@banyan/ledger';
import { AuditReader, AuditRecorder } from '@banyan/audit';
import {
  BootstrapController,
  BootstrapPort,
  LanController,
  LanPort,
  lanPeers,
  rpcEdge,
  type ServerPlace,
  WanController,
  wanPeers,
  WanPort,
} from '@banyan/rpc';
import { addressText } from '@banyan/settings';
import { HealthRegistry } from '@banyan/telemetry';
import { ChangeFollower } from '@banyan/watch';
import type { Provider, Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { DatacenterCore } from './core/datacenter-core.js';
import { browserHosts } from './core/server-settings.js';
import { BootstrapService } from './edges/bootstrap-service.js';
import type { DatacenterLinks } from './edges/datacenter-links.js';
import { InjectedHttp } from './edges/http-entrance.js';
import { LanService, type WatchEntrance } from './edges/lan-service.js';
import { LagSampler } from './edges/lag-sampler.js';
import { LogTrimmer } from './edges/log-trimmer.js';
import { auditTrimmer, ledgerTrimmer } from './edges/trail-trimmers.js';
import { NodeReaper } from './edges/node-reaper.js';
import type { ServerRole } from './edges/role.js';
import { MembershipDirectory } from './edges/server-directory.js';
import { serverMetrics } from './edges/server-metrics.js';

/** The dashboard, as it is built beside the compiled libraries. */
const DASHBOARD = fileURLToPath(new URL('../../../dashboard', import.meta.url));

/** What {@link DatacenterServer} needs. */
export interface DatacenterServerParts {
  readonly core: DatacenterCore;
  readonly links: DatacenterLinks;
  /** Makes the role; `http` gives the application once it is there. */
  readonly role: (http: () => WatchEntrance) => ServerRole;
  /** What the role does before the ports are open. */
  readonly beforeListening?: () => Promise<void>;
}

/** A server of any role: opens the three edges over the core and the role, and closes them in order. */
export class DatacenterServer {
  readonly #reaper: NodeReaper;
  readonly #trimmer: LogTrimmer;
  readonly #ledgerTrimmer: BackgroundTask;
  readonly #auditTrimmer: BackgroundTask;
  readonly #sampler: LagSampler;

  private constructor(
    private readonly core: DatacenterCore,
    private readonly links: DatacenterLinks,
    private readonly role: ServerRole,
    private readonly app: NestFastifyApplication,
  ) {
    this.#reaper = new NodeReaper(core);
    this.#trimmer = new LogTrimmer(core);
    this.#ledgerTrimmer = ledgerTrimmer(core);
    this.#auditTrimmer = auditTrimmer(core);
    this.#sampler = new LagSampler(core, role.replicationDesk);
  }

  /** Starts, or closes what was opened (the embedded database with it) and throws why it could not. */
  static async start(parts: DatacenterServerParts): Promise<DatacenterServer> {
    try {
      return await DatacenterServer.#open(parts);
    } catch (error) {
      parts.links.close();
      await parts.core.close();
      throw error;
    }
  }

  static async #open({
    core,
    links,
    role: makeRole,
    beforeListening,
  }: DatacenterServerParts): Promise<DatacenterServer> {
    const { settings, ambient } = core;
    const tls = httpTls(settings);
    let opened: InjectedHttp | undefined;
    const entrance = (): InjectedHttp => {
      if (opened === undefined) throw new BanyanError('SERVER_UNREACHABLE', 'the server is still starting');
      return opened;
    };
    const role = makeRole(entrance);
    const metrics = serverMetrics(core, role);
    const module = HttpApiModule.register({
      providers: [...bindings(core, links, role, entrance), { provide: MetricsText, useValue: metrics.text }],
      controllers: [BootstrapController, LanController, WanController],
    });
    const app = await createHttpApplication(module, {
      ...ambient,
      datacenter: core.datacenter,
      forwarder: links,
      witnessed: true,
      hosts: browserHosts(settings),
      ...(tls && { tls }),
    });
    serveStaticPages(app, { folder: DASHBOARD, prefix: '/ui' });
    countAnswers(app, metrics.answered);
    opened = new InjectedHttp(app, core);
    const server = new DatacenterServer(core, links, role, app);
    try {
      await beforeListening?.();
      await server.#listen();
    } catch (error) {
      await role.stop();
      await app.close();
      throw error;
    }
    role.start();
    core.membership.start();
    core.lease.start();
    server.#reaper.start();
    server.#trimmer.start();
    server.#ledgerTrimmer.start();
    server.#auditTrimmer.start();
    server.#sampler.start();
    return server;
  }

  /** Stops in order. Whatever cannot be stopped, the core is closed, and the embedded database with it. */
  async stop(): Promise<void> {
    try {
      await this.#reaper.stop();
      await this.#trimmer.stop();
      await this.#ledgerTrimmer.stop();
      await this.#auditTrimmer.stop();
      await this.#sampler.stop();
      await this.role.stop();
      await this.app.close();
    } finally {
      this.links.close();
      await this.core.close();
    }
  }

  async #listen(): Promise<void> {
    const { settings, identity, ambient } = this.core;
    const place = (): ServerPlace | undefined => {
      const { trustDomain } = this.core.ca.state;
      return trustDomain && { trustDomain: trustDomain.name, datacenter: this.core.datacenter };
    };
    const shared = { identity: identity.rotating, clock: ambient.clock };
    const [lan, wan] = [settings.BANYAN_LAN_BIND, settings.BANYAN_WAN_BIND].map(addressText);
    this.app.connectMicroservice(rpcEdge({ edge: 'lan', url: lan!, rule: lanPeers(place), ...shared }));
    this.app.connectMicroservice(rpcEdge({ edge: 'wan', url: wan!, rule: wanPeers(place), ...shared }));
    await listening('BANYAN_LAN_BIND or BANYAN_WAN_BIND', `${lan} or ${wan}`, () => this.app.startAllMicroservices());
    const { host, port } = settings.BANYAN_HTTP_BIND;
    await listening('BANYAN_HTTP_BIND', `${host}:${port}`, () => this.app.listen(port, host));
    ambient.logger.info('listening', { http: `${host}:${port}`, lan, wan });
  }
}

const bindings = (
  core: DatacenterCore,
  links: DatacenterLinks,
  role: ServerRole,
  http: () => WatchEntrance,
): Provider[] => {
  const { settings, ambient } = core;
  const lan = new LanService(core, http);
  const bound: readonly (readonly [unknown, unknown])[] = [
    [Logger, ambient.logger],
    [Clock, ambient.clock],
    [Random, ambient.random],
    [Timers, ambient.timers],
    [ChangeFollower, core.follower],
    [HealthRegistry, core.health],
    [CaProjection, core.ca],
    [AdoptionDirectory, core.adoption],
    [CaConfigurationWriter, role.configurationWriter],
    [RotationReader, core.rotations],
    [RotationDesk, role.rotationDesk],
    [ReplicationDesk, role.replicationDesk],
    [FederationDirectory, role.federation],
    [DatacenterForwarder, links],
    [LagHistory, core.lags],
    [IntentionReader, core.intentions],
    [IntentionWriter, role.intentionWriter],
    [TokenReader, core.tokens],
    [TokenWriter, role.tokenWriter],
    [AccessResolver, core.tokens],
    [CallerResolver, core.tokens],
    [LedgerReader, core.ledgerReader],
    [AuditReader, core.audit.reader],
    [AuditRecorder, core.audit.recorder],
    [CatalogReader, core.catalog],
    [CatalogWriter, core.catalogWriter],
    [DatacenterDirectory, { names: () => core.datacenters.names() }],
    [LeaderDirectory, new MembershipDirectory(core.membership, ambient.clock)],
    [
      HttpApiSettings,
      { datacenter: core.datacenter, defaultIntentionAction: settings.BANYAN_DEFAULT_INTENTION_POLICY },
    ],
    [LanPort, lan],
    [WanPort, role.wan],
    [BootstrapPort, new BootstrapService(core, role)],
  ];
  return bound.map(([provide, useValue]) => ({ provide: provide as Type, useValue }));
};
