import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  AgentApiModule,
  AgentSettings,
  CheckRunner,
  Authorizer,
  ConnectRoutes,
  HotAuthorize,
  LocalServices,
  ServerRoutes,
  SidecarReports,
  TokenCache,
} from '@banyan/agent-api';
import { AgentCache, BundleEntry, LeafCache } from '@banyan/agent-cache';
import { CallerResolver, countAnswers, createHttpApplication, MetricsText } from '@banyan/http-kit';
import {
  BanyanError,
  type Logger,
  Random,
  skewOf,
  SystemClock,
  SystemRandom,
  SystemTimers,
  Timers,
} from '@banyan/kernel';
import { LanClient } from '@banyan/rpc';
import { httpTls, listening, readAnchor } from '@banyan/boot';
import { KeyEncryption } from '@banyan/store';
import { HealthRegistry } from '@banyan/telemetry';
import type { Provider, Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { type AgentMetrics, agentMetrics } from './agent-metrics.js';
import { AgentIdentity } from './agent-identity.js';
import type { AgentProcessSettings } from './agent-settings.js';
import { Heartbeat } from './heartbeat.js';
import { LanEntrySource, LanLeafSigner, LanServerCalls } from './lan-adapters.js';
import { ReportSource } from './report-source.js';
import { StoredIdentity } from './stored-identity.js';

const VERSION = '0.1.0';
const ROOTS_PATH = '/v1/connect/ca/roots';

/** One host's agent: its identity, its cache, its services and its local API. */
export class Agent {
  readonly #ambient = { clock: new SystemClock(), timers: new SystemTimers(), random: new SystemRandom() };
  readonly #identity: AgentIdentity;
  readonly #lan: LanClient;
  readonly #cache: AgentCache;
  readonly #bundle: BundleEntry;
  readonly #leaves: LeafCache;
  readonly #services: LocalServices;
  readonly #sidecars: SidecarReports;
  readonly #checks: CheckRunner;
  readonly #heartbeat: Heartbeat;
  readonly #report: ReportSource;
  readonly #health: HealthRegistry;
  readonly #servers: LanServerCalls;
  readonly #nodeId: string;
  readonly #metrics: AgentMetrics;
  #app: NestFastifyApplication | undefined;

  private constructor(
    private readonly settings: AgentProcessSettings,
    private readonly logger: Logger,
  ) {
    const { BANYAN_DATA_DIR: dataDir, BANYAN_DATACENTER: datacenter } = settings;
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const tools = { ...this.#ambient, logger };
    this.#nodeId = keptNodeId(join(dataDir, 'node-id'), this.#ambient.random);
    this.#identity = this.#makeIdentity();
    this.#lan = new LanClient({
      ...this.#ambient,
      addresses: settings.BANYAN_SERVER_LAN_ADDRESSES,
      identity: this.#identity.rotating,
      datacenter,
    });
    this.#servers = new LanServerCalls(this.#lan);
    this.#cache = new AgentCache(new LanEntrySource(this.#lan), tools);
    this.#bundle = new BundleEntry(this.#cache.entry({ path: ROOTS_PATH, token: undefined }).entry);
    this.#bundle.onChange(() => {
      const bundle = this.#bundle.current;
      if (bundle !== undefined) this.#identity.trust(bundle);
    });
    this.#leaves = new LeafCache({
      ...tools,
      datacenter,
      signer: new LanLeafSigner(this.#lan),
      bundle: this.#bundle,
      reissueSlotMs: () => this.#reissueSlotMs(),
    });
    this.#services = new LocalServices(join(dataDir, 'services.json'), logger);
    this.#sidecars = new SidecarReports({
      clock: this.#ambient.clock,
      isRegistered: (id) => this.#services.find(id) !== undefined,
      comparedRootId: () => {
        const bundle = this.#bundle.current;
        return bundle !== undefined && bundle.roots.length > 1 ? bundle.activeRootId : undefined;
      },
      leafRoots: (service) => this.#leaves.rootsOf(service),
    });
    this.#checks = new CheckRunner({ ...tools, services: this.#services });
    this.#heartbeat = this.#makeHeartbeat();
    this.#report = new ReportSource(
      {
        ...this.#ambient,
        bundle: this.#bundle,
        leaves: this.#leaves,
        sidecars: this.#sidecars,
        identityRootId: () => this.#identity.rootId,
        identityKeyId: () => this.#identity.keyId,
        version: VERSION,
      },
      () => this.#heartbeat.wake(),
    );
    this.#health = this.#makeHealth();
    this.#metrics = this.#makeMetrics();
  }

  #makeIdentity(): AgentIdentity {
    const { settings, logger } = this;
    return new AgentIdentity(
      {
        ...this.#ambient,
        logger,
        datacenter: settings.BANYAN_DATACENTER,
        node: settings.BANYAN_NODE_NAME,
        addresses: () => this.#lan.addresses,
        token: () => agentToken(settings),
        anchor: () => readAnchor(settings),
        stored: new StoredIdentity(join(settings.BANYAN_DATA_DIR, 'identity.json'), loadKeys(settings), logger),
        reissueSlotMs: () => this.#reissueSlotMs(),
      },
      () => this.#lan,
    );
  }

  #makeHeartbeat(): Heartbeat {
    const { settings, logger } = this;
    return new Heartbeat({
      ...this.#ambient,
      logger,
      node: settings.BANYAN_NODE_NAME,
      nodeId: this.#nodeId,
      address: settings.BANYAN_ADVERTISE_ADDRESS,
      version: VERSION,
      lan: this.#lan,
      services: this.#services,
      report: (clockOffsetMs) => this.#report.collect(clockOffsetMs),
      onRefused: (reason) => this.#identity.refused(reason),
      // What is configured stays: a datacenter may tell of addresses that cannot be reached from here.
      onServers: (learned) => this.#lan.setAddresses([...settings.BANYAN_SERVER_LAN_ADDRESSES, ...learned]),
    });
  }

  /** The servers know how many leaves share the signing budget; before one has said so, the setting holds. */
  #reissueSlotMs(): number {
    return this.#heartbeat.reissueSpreadMs ?? this.settings.BANYAN_REISSUE_SLOT;
  }

  static async start(settings: AgentProcessSettings, logger: Logger): Promise<Agent> {
    agentToken(settings);
    const agent = new Agent(settings, logger);
    await agent.#listen();
    agent.#identity.start();
    agent.#identity.rotating.onRotated(() => agent.#heartbeat.wake());
    agent.#heartbeat.start();
    return agent;
  }

  async stop(): Promise<void> {
    await this.#app?.close();
    this.#report.stop();
    await Promise.all([
      this.#heartbeat.stop(),
      this.#checks.stop(),
      this.#leaves.stop(),
      this.#cache.stop(),
      this.#identity.stop(),
    ]);
    this.#lan.close();
  }

  async #listen(): Promise<void> {
    const { clock, random, timers } = this.#ambient;
    const tokens = new TokenCache(this.#servers, clock, timers);
    const settings = this.#agentSettings();
    const tls = httpTls(this.settings);
    const app = await createHttpApplication(AgentApiModule.register(this.#bindings(tokens, settings)), {
      datacenter: this.settings.BANYAN_DATACENTER,
      logger: this.logger,
      random,
      timers,
      ...(tls && { tls }),
    });
    countAnswers(app, this.#metrics.answered);
    const instance = app.getHttpAdapter().getInstance();
    const authorizer = new Authorizer({
      cache: this.#cache,
      tokens,
      settings,
      clock,
      meter: this.#metrics.authorize,
    });
    new ConnectRoutes({
      authorizer,
      leaves: this.#leaves,
      bundle: this.#bundle,
      tokens,
      settings,
      random,
    }).register(instance);
    new ServerRoutes({ cache: this.#cache, servers: this.#servers, random }).register(instance);
    const { host, port } = this.settings.BANYAN_HTTP_BIND;
    await listening('BANYAN_HTTP_BIND', `${host}:${port}`, () => app.listen(port, host));
    this.#app = app;
    new HotAuthorize(authorizer, this.logger).attach(app.getHttpServer());
    this.logger.info('listening', { http: `${host}:${port}` });
  }

  #agentSettings(): AgentSettings {
    return {
      datacenter: this.settings.BANYAN_DATACENTER,
      node: this.settings.BANYAN_NODE_NAME,
      nodeId: this.#nodeId,
      address: this.settings.BANYAN_ADVERTISE_ADDRESS,
      primaryDatacenter: () => '',
      defaultAction: () => this.#heartbeat.defaultAction,
    };
  }

  #bindings(tokens: TokenCache, settings: AgentSettings): Provider[] {
    const bound: readonly (readonly [unknown, unknown])[] = [
      [LocalServices, this.#services],
      [SidecarReports, this.#sidecars],
      [AgentSettings, settings],
      [Timers, this.#ambient.timers],
      [Random, this.#ambient.random],
      [HealthRegistry, this.#health],
      [MetricsText, this.#metrics.text],
      [CallerResolver, tokens],
    ];
    return bound.map(([provide, useValue]) => ({ provide: provide as Type, useValue }));
  }

  #makeMetrics(): AgentMetrics {
    return agentMetrics({
      datacenter: this.settings.BANYAN_DATACENTER,
      node: this.settings.BANYAN_NODE_NAME,
      version: VERSION,
      consulNames: this.settings.BANYAN_METRICS_CONSUL_NAMES,
      reads: this.#cache,
      leaves: this.#leaves,
      heartbeat: this.#heartbeat,
      bundle: this.#bundle,
      health: this.#health,
      chainPem: () => this.#identity.rotating.material?.certChainPem,
      now: () => this.#ambient.clock.now(),
    });
  }

  #makeHealth(): HealthRegistry {
    const health = new HealthRegistry({ timers: this.#ambient.timers });
    health.register('identity', () => {
      if (this.#identity.rotating.material !== undefined) return { ok: true };
      return { ok: false, reason: this.#identity.failure ?? 'enrolment is under way' };
    });
    health.register('clock', () => {
      const skew = skewOf(this.#heartbeat.skewMs);
      return { ok: true, ...(skew !== undefined && { note: `CLOCK_SKEW: our clock is ${skew} the server's` }) };
    });
    health.register('roots', () => {
      if (this.#bundle.current === undefined) return { ok: false, reason: 'the roots were not received yet' };
      return { ok: true };
    });
    health.register('catalog', () =>
      this.#heartbeat.lastHeardAt === undefined ? { ok: false, reason: 'no server has answered yet' } : { ok: true },
    );
    return health;
  }
}

const agentToken = (settings: AgentProcessSettings) => {
  if (settings.BANYAN_AGENT_TOKEN !== undefined) return settings.BANYAN_AGENT_TOKEN;
  throw new BanyanError(
    'CONFIG_INVALID',
    'BANYAN_AGENT_TOKEN or BANYAN_AGENT_TOKEN_FILE is not set: make one with PUT /v1/acl/token',
  );
};

const loadKeys = (settings: AgentProcessSettings): KeyEncryption =>
  settings.BANYAN_KEK === undefined
    ? KeyEncryption.load({ file: settings.BANYAN_KEK_FILE ?? join(settings.BANYAN_DATA_DIR, 'kek'), generate: true })
    : KeyEncryption.load({ value: settings.BANYAN_KEK.reveal(), generate: false });

/** The node's UUID, drawn at the first start. */
const keptNodeId = (file: string, random: Random): string => {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    const id = random.uuid();
    writeFileSync(file, `${id}\n`, { mode: 0o600 });
    return id;
  }
};
