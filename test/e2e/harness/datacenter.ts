import { join } from 'node:path';
import { eventually, Hopeless } from './eventually.js';
import { freeAddress } from '@banyan/testkit';
import { askJson, callHttp, type HttpAnswer, type HttpCall } from './http-call.js';
import { MeshProcess } from './mesh-process.js';
import { endPostmaster } from './postmaster.js';
import type { RunSecrets } from './run-secrets.js';
import { WallClock } from './wall-clock.js';

export type DatacenterName = 'dc1' | 'dc2';

/** What is read of `GET /v1/connect/ca/roots`. */
export interface RootsAnswer {
  readonly ActiveRootID: string;
  readonly TrustDomain: string;
  readonly Roots: readonly {
    readonly ID: string;
    readonly RootCert: string;
    readonly SigningKeyID: string;
    readonly Active: boolean;
  }[];
}

/** Where the parts of a datacenter listen, all on 127.0.0.1. */
export interface Addresses {
  readonly serverHttp: string;
  readonly lan: string;
  readonly wan: string;
  readonly agentHttp: string;
}

export const chooseAddresses = async (): Promise<Addresses> => ({
  serverHttp: await freeAddress(),
  lan: await freeAddress(),
  wan: await freeAddress(),
  agentHttp: await freeAddress(),
});

/** Where one server listens, and what other datacenters are told: the link in front of it. */
export interface ServerPlace extends Pick<Addresses, 'serverHttp' | 'lan' | 'wan'> {
  readonly wanAdvertise: string;
}

export interface DatacenterParts {
  readonly name: DatacenterName;
  readonly folder: string;
  readonly addresses: Addresses;
  readonly secrets: RunSecrets;
  /** The address other datacenters are told: that of the link in front of the server. */
  readonly wanAdvertise: string;
  /** Further servers of the datacenter; then all of them are over the database with this URL. */
  readonly more?: { readonly servers: readonly ServerPlace[]; readonly databaseUrl: string };
  readonly rootFingerprintFile: string;
  readonly serverEntry: string;
  /** Whether the clocks of servers (with their databases) and agent can be moved. */
  readonly movableClocks?: boolean;
  /** Settings of its servers and agents. */
  readonly env?: Readonly<Record<string, string>>;
  /** Settings of the role. */
  readonly serverEnv: Readonly<Record<string, string>>;
}

/** What an agent is told besides. */
interface AgentPlace {
  readonly httpBind: string;
  readonly tokenFile: string;
  /** Its own pin; absent: the one that the primary publishes. */
  readonly pinFile?: string;
}

/** The first start makes a database, keys and certificates. */
const READY_LIMIT_MS = 40_000;

/** After a change of root, agents renew their leaves within this time. By default it is 10 s. */
const REISSUE_SLOT = '3s';

/** A server with its own embedded PostgreSQL, or several over one database, and an agent that is told of the first. */
export class Datacenter {
  readonly name: DatacenterName;
  readonly addresses: Addresses;
  readonly server: MeshProcess;
  /** Every server, the first one first. */
  readonly servers: readonly MeshProcess[];
  /** Which of its servers the operator asks. */
  asked = 0;
  readonly agent: MeshProcess;
  readonly dataDir: string;
  readonly #clocks = new Map<string, WallClock>();

  constructor(private readonly parts: DatacenterParts) {
    const { name, folder, addresses, serverEntry, serverEnv } = parts;
    this.name = name;
    this.addresses = addresses;
    this.dataDir = join(folder, `${name}-server-1`);
    const logs = join(folder, 'logs');
    this.servers = this.#places().map((place, at) => {
      const server = `${name}-server-${at + 1}`;
      return new MeshProcess(
        { name: server, entry: serverEntry, env: { ...this.#serverEnv(server, place), ...serverEnv } },
        logs,
      );
    });
    this.server = this.servers[0]!;
    this.agent = this.anotherAgent(`${name}-agent-1`, {
      httpBind: addresses.agentHttp,
      tokenFile: parts.secrets.tokenFile(`agent-${name}`),
    });
  }

  /** Asks the server as the operator. */
  askServer<T>(call: HttpCall): Promise<T> {
    return askJson<T>(this.#askedAddress(), { token: this.parts.secrets.token('management'), ...call });
  }

  callServer(call: HttpCall): Promise<HttpAnswer> {
    return callHttp(this.#askedAddress(), { token: this.parts.secrets.token('management'), ...call });
  }

  /** Asks the agent as the operator, unless another token is given. */
  askAgent<T>(call: HttpCall): Promise<T> {
    return askJson<T>(this.addresses.agentHttp, { token: this.parts.secrets.token('management'), ...call });
  }

  callAgent(call: HttpCall): Promise<HttpAnswer> {
    return callHttp(this.addresses.agentHttp, { token: this.parts.secrets.token('management'), ...call });
  }

  roots(): Promise<RootsAnswer> {
    return this.askServer({ path: '/v1/connect/ca/roots' });
  }

  /** Writes an intention through the server of this datacenter that is asked. */
  putIntention(source: string, destination: string, action: 'allow' | 'deny', limitMs?: number): Promise<HttpAnswer> {
    return this.callServer(intentionWrite(source, destination, action, limitMs));
  }

  /** Writes an intention through the agent, which finds a server. */
  putIntentionByAgent(
    source: string,
    destination: string,
    action: 'allow' | 'deny',
    limitMs?: number,
  ): Promise<HttpAnswer> {
    return this.callAgent(intentionWrite(source, destination, action, limitMs));
  }

  /** An agent of this datacenter on a host of that name, not started yet. */
  anotherAgent(node: string, { httpBind, tokenFile, pinFile }: AgentPlace): MeshProcess {
    const { addresses, folder, rootFingerprintFile } = this.parts;
    const env = {
      ...this.#shared(node),
      BANYAN_HTTP_BIND: httpBind,
      BANYAN_SERVER_LAN_ADDRESSES: addresses.lan,
      BANYAN_AGENT_TOKEN_FILE: tokenFile,
      BANYAN_ROOT_FINGERPRINT_FILE: pinFile ?? rootFingerprintFile,
      BANYAN_REISSUE_SLOT: REISSUE_SLOT,
    };
    return new MeshProcess({ name: node, entry: 'apps/agent/src/main.js', env }, join(folder, 'logs'));
  }

  async serverReady(limitMs = READY_LIMIT_MS): Promise<void> {
    await Promise.all(this.servers.map((server, at) => this.#ready(server, this.#places()[at]!.serverHttp, limitMs)));
  }

  async agentReady(limitMs = READY_LIMIT_MS): Promise<void> {
    await this.#ready(this.agent, this.addresses.agentHttp, limitMs);
  }

  /** kill -9 of the server, and of its PostgreSQL if that is to go too. */
  async killServer(what: 'server' | 'server and PostgreSQL' = 'server'): Promise<void> {
    await this.server.kill();
    if (what === 'server and PostgreSQL') await endPostmaster(this.dataDir, 'SIGKILL');
  }

  async stop(): Promise<void> {
    await this.agent.stop();
    await Promise.all(this.servers.map((server) => server.stop()));
    await endPostmaster(this.dataDir, 'SIGQUIT');
  }

  /** The clock of the first server and its database, or of the agent. */
  clockOf(which: 'server' | 'agent'): WallClock {
    const clock = this.#clocks.get(this[which].plan.name);
    if (clock === undefined) throw new Error(`the clock of ${this[which].plan.name} cannot be moved`);
    return clock;
  }

  startServers(): void {
    for (const server of this.servers) server.start();
  }

  /** Waits until the server at that place (0 is the first) is ready. */
  serverAtReady(at: number, limitMs = READY_LIMIT_MS): Promise<void> {
    return this.#ready(this.servers[at]!, this.#places()[at]!.serverHttp, limitMs);
  }

  /** LAN addresses of the servers, in order. */
  get lanAddresses(): readonly string[] {
    return this.#places().map(({ lan }) => lan);
  }

  #places(): readonly ServerPlace[] {
    const { addresses, wanAdvertise, more } = this.parts;
    return [{ ...addresses, wanAdvertise }, ...(more?.servers ?? [])];
  }

  #askedAddress(): string {
    return this.#places()[this.asked]!.serverHttp;
  }

  async #ready(process: MeshProcess, address: string, limitMs: number): Promise<void> {
    await eventually(`${process.plan.name} becomes ready`, { limitMs }, async () => {
      if (!process.isRunning) throw new Hopeless('it has ended');
      const { status, text } = await callHttp(address, { path: '/readyz', limitMs: 5_000 });
      if (status !== 200) throw new Error(`/readyz answered ${status}: ${text}`);
    });
  }

  #shared(name: string): Record<string, string> {
    if (this.parts.movableClocks === true) this.#clocks.set(name, WallClock.create(this.parts.folder, name));
    return {
      ...this.#clocks.get(name)?.env,
      ...this.parts.env,
      BANYAN_DATACENTER: this.parts.name,
      BANYAN_NODE_NAME: name,
      BANYAN_DATA_DIR: join(this.parts.folder, name),
      BANYAN_LOG_LEVEL: 'debug',
      BANYAN_KEK_FILE: this.parts.secrets.keyEncryptionFile(name),
    };
  }

  #serverEnv(server: string, place: ServerPlace): Record<string, string> {
    const { name, more, secrets } = this.parts;
    return {
      ...this.#shared(server),
      BANYAN_HTTP_BIND: place.serverHttp,
      BANYAN_LAN_BIND: place.lan,
      BANYAN_WAN_BIND: place.wan,
      BANYAN_WAN_ADVERTISE: place.wanAdvertise,
      ...(more !== undefined && {
        BANYAN_DATABASE_URL: more.databaseUrl,
        // What is sealed in one database is opened by all of its servers.
        BANYAN_KEK_FILE: secrets.keyEncryptionFile(`${name}-server-1`),
      }),
    };
  }
}

const intentionWrite = (
  source: string,
  destination: string,
  action: 'allow' | 'deny',
  limitMs: number | undefined,
): HttpCall => ({
  method: 'PUT',
  path: `/v1/connect/intentions/exact?source=${source}&destination=${destination}`,
  body: { SourceType: 'consul', Action: action },
  ...(limitMs !== undefined && { limitMs }),
});
