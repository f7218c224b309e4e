import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { parseCertificates, type Certificate } from '@banyan/pki';
import type { Datacenter, DatacenterName } from './datacenter.js';
import { eventually, Hopeless } from './eventually.js';
import { freePort } from '@banyan/testkit';
import { MeshProcess } from './mesh-process.js';
import type { RunSecrets } from './run-secrets.js';

export type ServiceName = 'web' | 'api' | 'shop';

export interface ServicePlan {
  readonly name: ServiceName;
  readonly datacenter: DatacenterName;
  /** Services it calls, each through a local port of its sidecar. */
  readonly upstreams: readonly { readonly name: ServiceName; readonly datacenter: DatacenterName }[];
}

export interface ServiceSurroundings {
  readonly datacenter: Datacenter;
  readonly secrets: RunSecrets;
  readonly logs: string;
}

/** A leaf as the agent hands it to the workload. */
export interface LeafAnswer {
  readonly CertPEM: string;
  readonly PrivateKeyPEM: string;
  readonly ServiceURI: string;
  readonly SerialNumber: string;
}

const READY_LIMIT_MS = 20_000;

/** A workload that knows no mesh (an HTTP server in this process that says its name), with the sidecar of the product. */
export class MeshService {
  readonly sidecar: MeshProcess;
  readonly #app: Server;

  private constructor(
    readonly plan: ServicePlan,
    private readonly around: ServiceSurroundings,
    private readonly ports: {
      readonly app: number;
      readonly sidecar: number;
      readonly metrics: number;
      readonly upstreams: ReadonlyMap<ServiceName, number>;
    },
  ) {
    // A connection is kept for as long as its caller likes: only the mesh ends it.
    this.#app = createServer({ keepAliveTimeout: 0 }, (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' }).end(plan.name);
    });
    this.sidecar = new MeshProcess(
      {
        name: `${plan.name}-sidecar-proxy`,
        entry: 'apps/cli/src/main.js',
        args: ['connect', 'proxy', '-sidecar-for', plan.name],
        env: {
          BANYAN_HTTP_ADDR: around.datacenter.addresses.agentHttp,
          BANYAN_HTTP_TOKEN_FILE: around.secrets.tokenFile(plan.name),
          BANYAN_LOG_FORMAT: 'json',
          BANYAN_LOG_LEVEL: 'debug',
          BANYAN_METRICS_BIND: `127.0.0.1:${ports.metrics}`,
        },
      },
      around.logs,
    );
  }

  static async layOut(plan: ServicePlan, around: ServiceSurroundings): Promise<MeshService> {
    const upstreams = new Map<ServiceName, number>();
    for (const { name } of plan.upstreams) upstreams.set(name, await freePort());
    return new MeshService(plan, around, {
      app: await freePort(),
      sidecar: await freePort(),
      metrics: await freePort(),
      upstreams,
    });
  }

  /** Resolves when the sidecar takes connections. */
  async start(): Promise<void> {
    this.#app.listen(this.ports.app, '127.0.0.1');
    await once(this.#app, 'listening');
    const token = this.around.secrets.token(this.plan.name);
    await this.around.datacenter.askAgent({
      method: 'PUT',
      path: '/v1/agent/service/register',
      token,
      body: this.#registration(),
    });
    this.sidecar.start();
    // Seen in its log: a probe of its port would be a connection without a handshake.
    await eventually(`the sidecar of ${this.plan.name} is ready`, { limitMs: READY_LIMIT_MS }, () => {
      if (!this.sidecar.isRunning) throw new Hopeless('it has ended');
      if (!this.sidecar.log.includes('"proxy ready"')) throw new Error(this.sidecar.logTail(5));
    });
  }

  /** The sidecar is killed: it keeps no state, and its orderly stop would wait for connections to finish. */
  async stop(): Promise<void> {
    await this.sidecar.kill();
    this.#app.closeAllConnections();
    if (this.#app.listening) await once(this.#app.close(), 'close');
  }

  /** Where its sidecar takes connections of the mesh. */
  get publicPort(): number {
    return this.ports.sidecar;
  }

  /** Where its sidecar serves `/metrics`. */
  get metricsAddress(): string {
    return `127.0.0.1:${this.ports.metrics}`;
  }

  /** The local address at which the workload reaches `upstream`. */
  upstream(upstream: ServiceName): string {
    return `127.0.0.1:${this.ports.upstreams.get(upstream)!}`;
  }

  /** The leaf that the agent holds for this service. */
  leaf(): Promise<LeafAnswer> {
    const { datacenter, secrets } = this.around;
    return datacenter.askAgent({
      path: `/v1/agent/connect/ca/leaf/${this.plan.name}`,
      token: secrets.token(this.plan.name),
    });
  }

  /** Leaf first, then what is presented with it. */
  async chain(): Promise<readonly Certificate[]> {
    return parseCertificates((await this.leaf()).CertPEM);
  }

  #registration(): object {
    return {
      Name: this.plan.name,
      Address: '127.0.0.1',
      Port: this.ports.app,
      Connect: {
        SidecarService: {
          Port: this.ports.sidecar,
          Checks: [{ Name: 'listens', TCP: `127.0.0.1:${this.ports.sidecar}`, Interval: '1s', Timeout: '1s' }],
          Proxy: {
            Upstreams: this.plan.upstreams.map(({ name, datacenter }) => ({
              DestinationName: name,
              Datacenter: datacenter,
              LocalBindPort: this.ports.upstreams.get(name),
            })),
          },
        },
      },
    };
  }
}
