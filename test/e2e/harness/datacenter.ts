import { join } from 'node:path';
import { eventually, Hopeless } from './eventually.js';
import { freeAddress } from './free-port.js';
import { askJson, callHttp, type HttpAnswer, type HttpCall } from './http-call.js';
import { MeshProcess, type ProcessPlan } from './mesh-process.js';
import { endPostmaster } from './postmaster.js';
import type { RunSecrets } from './run-secrets.js';

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

export interface DatacenterParts {
  readonly name: DatacenterName;
  readonly folder: string;
  readonly addresses: Addresses;
  readonly secrets: RunSecrets;
  /** The address other datacenters are told: that of the link in front of the server. */
  readonly wanAdvertise: string;
  readonly rootFingerprintFile: string;
  readonly serverEntry: string;
  /** Settings of the role. */
  readonly serverEnv: Readonly<Record<string, string>>;
}

/** The first start makes a database, keys and certificates. */
const READY_LIMIT_MS = 40_000;

/** After a change of root, agents renew their leaves within this time. By default it is 10 s. */
const REISSUE_SLOT = '3s';

/** A server with its own embedded PostgreSQL, and an agent. */
export class Datacenter {
  readonly name: DatacenterName;
  readonly addresses: Addresses;
  readonly server: MeshProcess;
  readonly agent: MeshProcess;
  readonly dataDir: string;

  constructor(private readonly parts: DatacenterParts) {
    const { name, folder, addresses, serverEntry, serverEnv } = parts;
    this.name = name;
    this.addresses = addresses;
    this.dataDir = join(folder, `${name}-server-1`);
    const logs = join(folder, 'logs');
    const serverPlan: ProcessPlan = {
      name: `${name}-server-1`,
      entry: serverEntry,
      env: { ...this.#serverEnv(), ...serverEnv },
    };
    this.server = new MeshProcess(serverPlan, logs);
    this.agent = new MeshProcess(this.#agentPlan(), logs);
  }

  /** Asks the server as the operator. */
  askServer<T>(call: HttpCall): Promise<T> {
    return askJson<T>(this.addresses.serverHttp, { token: this.parts.secrets.token('management'), ...call });
  }

  callServer(call: HttpCall): Promise<HttpAnswer> {
    return callHttp(this.addresses.serverHttp, { token: this.parts.secrets.token('management'), ...call });
  }

  /** Asks the agent as the operator, unless another token is given. */
  askAgent<T>(call: HttpCall): Promise<T> {
    return askJson<T>(this.addresses.agentHttp, { token: this.parts.secrets.token('management'), ...call });
  }

  roots(): Promise<RootsAnswer> {
    return this.askServer({ path: '/v1/connect/ca/roots' });
  }

  /** Writes an intention through the server of this datacenter. */
  putIntention(source: string, destination: string, action: 'allow' | 'deny', limitMs?: number): Promise<HttpAnswer> {
    return this.callServer({
      method: 'PUT',
      path: `/v1/connect/intentions/exact?source=${source}&destination=${destination}`,
      body: { SourceType: 'consul', Action: action },
      ...(limitMs !== undefined && { limitMs }),
    });
  }

  async serverReady(limitMs = READY_LIMIT_MS): Promise<void> {
    await this.#ready(this.server, this.addresses.serverHttp, limitMs);
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
    await this.server.stop();
    await endPostmaster(this.dataDir, 'SIGQUIT');
  }

  async #ready(process: MeshProcess, address: string, limitMs: number): Promise<void> {
    await eventually(`${process.plan.name} becomes ready`, { limitMs }, async () => {
      if (!process.isRunning) throw new Hopeless('it has ended');
      const { status, text } = await callHttp(address, { path: '/readyz', limitMs: 5_000 });
      if (status !== 200) throw new Error(`/readyz answered ${status}: ${text}`);
    });
  }

  #shared(name: string): Record<string, string> {
    return {
      BANYAN_DATACENTER: this.parts.name,
      BANYAN_NODE_NAME: name,
      BANYAN_DATA_DIR: join(this.parts.folder, name),
      BANYAN_LOG_LEVEL: 'debug',
      BANYAN_KEK_FILE: this.parts.secrets.keyEncryptionFile(name),
    };
  }

  #serverEnv(): Record<string, string> {
    const { addresses, wanAdvertise, name } = this.parts;
    return {
      ...this.#shared(`${name}-server-1`),
      BANYAN_HTTP_BIND: addresses.serverHttp,
      BANYAN_LAN_BIND: addresses.lan,
      BANYAN_WAN_BIND: addresses.wan,
      BANYAN_WAN_ADVERTISE: wanAdvertise,
    };
  }

  #agentPlan(): ProcessPlan {
    const { addresses, secrets, name, rootFingerprintFile } = this.parts;
    return {
      name: `${name}-agent-1`,
      entry: 'apps/agent/src/main.js',
      env: {
        ...this.#shared(`${name}-agent-1`),
        BANYAN_HTTP_BIND: addresses.agentHttp,
        BANYAN_SERVER_LAN_ADDRESSES: addresses.lan,
        BANYAN_AGENT_TOKEN_FILE: secrets.tokenFile(`agent-${name}`),
        BANYAN_ROOT_FINGERPRINT_FILE: rootFingerprintFile,
        BANYAN_REISSUE_SLOT: REISSUE_SLOT,
      },
    };
  }
}
