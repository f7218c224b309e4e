import { hashSecret, type Role } from '@banyan/acl';
import { AccessResolver, TokenReader, TokenWriter } from '@banyan/acl';
import { AuditReader, AuditRecorder } from '@banyan/audit';
import { CaProjection } from '@banyan/ca';
import { CatalogReader, CatalogWriter } from '@banyan/catalog';
import {
  AdoptionDirectory,
  CaConfigurationWriter,
  DatacenterDirectory,
  EventHub,
  FederationDirectory,
  HttpApiModule,
  HttpApiSettings,
  LeaderDirectory,
  ReplicationDesk,
  RotationDesk,
  type ServerEntry,
} from '@banyan/http-api';
import { CallerResolver, createHttpApplication, DatacenterForwarder, MetricsText } from '@banyan/http-kit';
import { IntentionReader, IntentionWriter } from '@banyan/intentions';
import {
  Clock,
  epochMs,
  Random,
  SecretText,
  SilentLogger,
  SystemClock,
  SystemRandom,
  SystemTimers,
  Timers,
} from '@banyan/kernel';
import { LedgerReader } from '@banyan/ledger';
import { LagHistory } from '@banyan/replication';
import { RotationReader } from '@banyan/rotation';
import { createMetrics, HealthRegistry } from '@banyan/telemetry';
import {
  MemoryCatalog,
  MemoryCommits,
  MemoryIntentions,
  MemoryTokens,
  rawHttp,
  type RawHttpAnswer,
} from '@banyan/testkit';
import { ChangeFollower } from '@banyan/watch';
import type { Provider } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { AddressInfo } from 'node:net';
import { MemoryAdoption } from './adoption-fixture.js';
import { fixedCa, RecordedConfiguration } from './ca-fixture.js';
import { MemoryFederation, MemoryWan } from './federation-fixture.js';
import { MemoryReplication } from './memory-replication.js';
import { MemoryAudit, NoTrail } from './memory-audit.js';
import { MemoryRotations } from './memory-rotations.js';

/** One secret per kind of caller. */
export const SECRETS = {
  manager: 'manager-secret-0001',
  reader: 'reader-secret-00001',
  agent: 'agent-secret-000001',
  web: 'web-secret-00000001',
} as const;

const ROLES: Readonly<Record<keyof typeof SECRETS, Role>> = {
  manager: { kind: 'management' },
  reader: { kind: 'operator-read' },
  agent: { kind: 'agent', node: 'n1' },
  web: { kind: 'service', service: 'web' },
};

/** The one server of this datacenter. */
const SERVER: ServerEntry = {
  id: 'b6d9f0a0-5b1c-4a29-9d8e-0c1f5a0f1a11',
  name: 'dc1-server-1',
  datacenter: 'dc1',
  version: '0.1.0',
  httpAddress: '10.0.0.5:8510',
  lanAddress: '10.0.0.5:8300',
  wanAddress: '10.0.0.5:8302',
  startedAt: epochMs(1_767_225_600_000),
  lastHeardMs: 250,
  alive: true,
  leases: [{ name: 'authority', fencing: 3, since: epochMs(1_767_225_660_000) }],
};

/** Everything behind a running API. */
export interface Api {
  readonly app: NestFastifyApplication;
  readonly hub: EventHub;
  readonly port: number;
  readonly commits: MemoryCommits;
  readonly follower: ChangeFollower;
  readonly intentions: MemoryIntentions;
  readonly tokens: MemoryTokens;
  readonly catalog: MemoryCatalog;
  readonly ca: CaProjection;
  readonly configuration: RecordedConfiguration;
  readonly ledger: LedgerReader;
  readonly trail: AuditReader;
  readonly audit: MemoryAudit;
  readonly adoption: MemoryAdoption;
  readonly replication: MemoryReplication;
  readonly federation: MemoryFederation;
  readonly wan: MemoryWan;
  readonly lags: LagHistory;
  readonly rotations: MemoryRotations;
  readonly health: HealthRegistry;
  readonly stop: () => Promise<void>;
  /** A request as one of the callers; `undefined` for none. */
  readonly ask: (method: string, path: string, as?: keyof typeof SECRETS, body?: unknown) => Promise<RawHttpAnswer>;
}

const accessorOf = (name: string): string => `00000000-aaaa-4000-8000-${hashSecret(new SecretText(name)).slice(0, 12)}`;

const portsOf = (parts: Omit<Api, 'app' | 'hub' | 'port' | 'stop' | 'ask'>, random: Random): Provider[] => [
  ...[AccessResolver, CallerResolver, TokenReader, TokenWriter].map((provide) => ({ provide, useValue: parts.tokens })),
  ...[IntentionReader, IntentionWriter].map((provide) => ({ provide, useValue: parts.intentions })),
  ...[CatalogReader, CatalogWriter].map((provide) => ({ provide, useValue: parts.catalog })),
  { provide: CaProjection, useValue: parts.ca },
  { provide: LedgerReader, useValue: parts.ledger },
  { provide: AuditReader, useValue: parts.trail },
  { provide: AuditRecorder, useValue: parts.audit },
  { provide: ReplicationDesk, useValue: parts.replication },
  { provide: FederationDirectory, useValue: parts.federation },
  { provide: DatacenterForwarder, useValue: parts.wan },
  { provide: Timers, useClass: SystemTimers },
  { provide: LagHistory, useValue: parts.lags },
  { provide: AdoptionDirectory, useValue: parts.adoption },
  ...[RotationReader, RotationDesk].map((provide) => ({ provide, useValue: parts.rotations })),
  { provide: CaConfigurationWriter, useValue: parts.configuration },
  { provide: ChangeFollower, useValue: parts.follower },
  { provide: Clock, useClass: SystemClock },
  { provide: Random, useValue: random },
  { provide: HealthRegistry, useValue: parts.health },
  { provide: MetricsText, useValue: createMetrics({ process: 'server' }) },
  { provide: DatacenterDirectory, useValue: { names: () => ['dc1', 'dc2'] } satisfies DatacenterDirectory },
  {
    provide: LeaderDirectory,
    useValue: {
      leader: () => '10.0.0.5:8300',
      peers: () => ['10.0.0.5:8300'],
      servers: () => ({ ageMs: 700, servers: [SERVER] }),
    } satisfies LeaderDirectory,
  },
  {
    provide: HttpApiSettings,
    useValue: { datacenter: 'dc1', defaultIntentionAction: 'deny' } satisfies HttpApiSettings,
  },
];

/** For the suites that look at other things: an empty ledger. */
class NoLedger extends LedgerReader {
  override search = async () => [];
  override async *export() {}
  override verify = async () => {
    const beginning = { seq: 0, hash: '' };
    return { valid: true, entries: 0, checkpoint: beginning, head: beginning };
  };
  override live = async () => ({});
  override holdersElsewhere = async () => [];
}

/** Starts the API over ports in memory and a real follower, on a port of 127.0.0.1 that the system chooses. */
export const startApi = async (
  withTokens = true,
  ledger: LedgerReader = new NoLedger(),
  trail: AuditReader = new NoTrail(),
): Promise<Api> => {
  const timers = new SystemTimers();
  const random = new SystemRandom();
  const logger = new SilentLogger();
  const commits = new MemoryCommits();
  const follower = new ChangeFollower({ log: commits, timers, random, logger });
  const parts = {
    commits,
    follower,
    intentions: new MemoryIntentions(commits),
    tokens: new MemoryTokens(commits, random),
    catalog: new MemoryCatalog(commits, 'dc1'),
    ca: await fixedCa(),
    configuration: new RecordedConfiguration(),
    ledger,
    trail,
    audit: new MemoryAudit(),
    adoption: new MemoryAdoption(),
    replication: new MemoryReplication(),
    federation: new MemoryFederation(),
    wan: new MemoryWan(),
    lags: new LagHistory(),
    rotations: new MemoryRotations(commits),
    health: new HealthRegistry({ timers }),
  };
  follower.register(commits);
  const tokens = Object.entries(SECRETS).map(([name, secret]) => ({
    role: ROLES[name as keyof typeof SECRETS],
    description: name,
    accessorId: accessorOf(name),
    secretId: new SecretText(secret),
  }));
  if (withTokens) await parts.tokens.import(tokens);
  await follower.start();
  const module = HttpApiModule.register({ providers: portsOf(parts, random) });
  const app = await createHttpApplication(module, {
    logger,
    random,
    timers,
    datacenter: 'dc1',
    witnessed: true,
    forwarder: parts.wan,
  });
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const ask: Api['ask'] = (method, path, as, body) =>
    rawHttp({
      port,
      method,
      path,
      headers: as === undefined ? {} : { 'x-consul-token': SECRETS[as] },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  const stop = async (): Promise<void> => {
    await app.close();
    await follower.stop();
  };
  return { ...parts, app, hub: app.get(EventHub), port, ask, stop };
};
