import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AgentApiModule,
  AgentSettings,
  Authorizer,
  ConnectRoutes,
  HotAuthorize,
  LocalServices,
  ServerRoutes,
  SidecarReports,
  TokenCache,
} from '@banyan/agent-api';
import { AgentCache, BundleEntry, LeafCache } from '@banyan/agent-cache';
import { CallerResolver, createHttpApplication, MetricsText } from '@banyan/http-kit';
import { Clock, type EpochMs, epochMs, Random, SystemClock, SystemRandom, SystemTimers, Timers } from '@banyan/kernel';
import { HealthRegistry } from '@banyan/telemetry';
import {
  FakeEntrySource,
  FakeLeafSigner,
  FakeServers,
  rawHttp,
  type RawHttpAnswer,
  RecordingLogger,
  TestAuthority,
} from '@banyan/testkit';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

export const TRUST_DOMAIN = '11111111-2222-3333-4444-555555555555.consul';
export const ROOTS = '/v1/connect/ca/roots';
export const MANAGER = 'manager-secret';
export const WEB = 'web-secret';
export const AGENT = 'agent-secret';
export const READER = 'reader-secret';

/** The machine's clock, moved by the test. */
export class ShiftedClock extends Clock {
  aheadMs = 0;
  readonly #system = new SystemClock();
  override now(): EpochMs {
    return epochMs(this.#system.now() + this.aheadMs);
  }
}

/** An agent's API over servers, signer and followed reads that the test decides about. */
export interface TestAgent {
  readonly app: NestFastifyApplication;
  readonly port: number;
  readonly servers: FakeServers;
  readonly source: FakeEntrySource;
  readonly signer: FakeLeafSigner;
  readonly cache: AgentCache;
  readonly services: LocalServices;
  readonly reports: SidecarReports;
  readonly health: HealthRegistry;
  readonly clock: ShiftedClock;
  readonly logger: RecordingLogger;
  readonly folder: string;
  /** What holds where no intention matches. */
  defaultAction: 'allow' | 'deny';
  /** The root that sidecars should compare against, and the roots above the agent's own leaves. */
  rollout: { comparedRootId: string | undefined; leafRoots: readonly string[] };
  readonly ask: (method: string, path: string, as?: string, body?: unknown) => Promise<RawHttpAnswer>;
  readonly stop: () => Promise<void>;
}

export interface TestAgentOptions {
  readonly authority: TestAuthority;
  /** Kept by the caller when given, to start over it again. */
  readonly folder?: string;
  /** Whether the servers have told the roots from the beginning; they have unless given. */
  readonly rootsKnown?: boolean;
}

const settingsOf = (agent: { defaultAction: 'allow' | 'deny' }): AgentSettings => ({
  datacenter: 'dc1',
  node: 'n1',
  nodeId: '00000000-0000-4000-8000-000000000001',
  address: '10.0.0.7',
  primaryDatacenter: () => 'dc1',
  defaultAction: () => agent.defaultAction,
});

const grants = (servers: FakeServers): void => {
  servers.grant(MANAGER, { kind: 'management' });
  servers.grant(WEB, { kind: 'service', service: 'web' });
  servers.grant(AGENT, { kind: 'agent', node: 'n1' });
  servers.grant(READER, { kind: 'operator-read' });
};

/** Starts the API on a port of 127.0.0.1 that the system chooses, composed as the agent composes it. */
export const startAgent = async (options: TestAgentOptions): Promise<TestAgent> => {
  const [timers, random, clock, logger] = [
    new SystemTimers(),
    new SystemRandom(),
    new ShiftedClock(),
    new RecordingLogger(),
  ];
  const tools = { timers, random, clock, logger };
  const [servers, source, signer] = [new FakeServers(), new FakeEntrySource(), new FakeLeafSigner(options.authority)];
  grants(servers);
  if (options.rootsKnown !== false) source.publish(ROOTS, { index: 7, body: options.authority.rootsAnswer() });
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'banyan-agent-api-'));
  const services = new LocalServices(join(folder, 'services.json'), logger);
  const health = new HealthRegistry({ timers });
  const cache = new AgentCache(source, tools);
  const bundle = new BundleEntry(cache.entry({ path: ROOTS, token: undefined }).entry);
  const leaves = new LeafCache({ ...tools, datacenter: 'dc1', signer, bundle, reissueSlotMs: () => 20 });
  const tokens = new TokenCache(servers, clock, timers);
  const chosen: Pick<TestAgent, 'defaultAction' | 'rollout'> = {
    defaultAction: 'deny',
    rollout: { comparedRootId: undefined, leafRoots: [] },
  };
  const reports = new SidecarReports({
    clock,
    isRegistered: (id) => services.find(id) !== undefined,
    comparedRootId: () => chosen.rollout.comparedRootId,
    leafRoots: () => chosen.rollout.leafRoots,
  });
  const settings = settingsOf(chosen);
  const metrics: MetricsText = { contentType: 'text/plain; version=0.0.4', text: async () => 'banyan_test 1\n' };
  const module = AgentApiModule.register([
    { provide: LocalServices, useValue: services },
    { provide: SidecarReports, useValue: reports },
    { provide: AgentSettings, useValue: settings },
    { provide: Timers, useValue: timers },
    { provide: Random, useValue: random },
    { provide: HealthRegistry, useValue: health },
    { provide: MetricsText, useValue: metrics },
    { provide: CallerResolver, useValue: tokens },
  ]);
  const app = await createHttpApplication(module, { datacenter: 'dc1', logger, random, timers });
  const instance = app.getHttpAdapter().getInstance();
  const authorizer = new Authorizer({ cache, tokens, settings, clock });
  new ConnectRoutes({ authorizer, leaves, bundle, tokens, settings, random }).register(instance);
  new ServerRoutes({ cache, servers, random }).register(instance);
  await app.listen(0, '127.0.0.1');
  new HotAuthorize(authorizer, logger).attach(app.getHttpServer());
  const { port } = app.getHttpServer().address() as AddressInfo;
  const ask: TestAgent['ask'] = (method, path, as, body) =>
    rawHttp({
      port,
      method,
      path,
      headers: as === undefined ? {} : { 'x-consul-token': as },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  const stop = async (): Promise<void> => {
    await app.close();
    await Promise.all([leaves.stop(), cache.stop()]);
    if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
  };
  const made = { servers, source, signer, cache, services, reports, health, clock, logger };
  const parts = { ...made, app, port, folder, ask, stop };
  return Object.assign(chosen, parts);
};
