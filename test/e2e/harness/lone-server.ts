import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Backup } from './backup.js';
import { eventually, Hopeless } from './eventually.js';
import { freeAddress } from '@banyan/testkit';
import { askJson, callHttp, type HttpAnswer, type HttpCall } from './http-call.js';
import type { Mesh } from './mesh.js';
import { MeshProcess } from './mesh-process.js';
import { endPostmaster } from './postmaster.js';

const READY_LIMIT_MS = 40_000;
type Role = 'primary' | 'secondary';

const chooseAddresses = async () => ({ http: await freeAddress(), lan: await freeAddress(), wan: await freeAddress() });

/**
 * A datacenter server beside the two of a mesh, with a state of its own in a folder of its own. It can be started again
 * in the other role, over the same state.
 */
export class LoneServer {
  readonly dataDir: string;
  #process: MeshProcess;

  private constructor(
    private readonly mesh: Mesh,
    readonly name: string,
    private readonly node: string,
    /** Whose key-encryption key its database is sealed with. */
    private readonly sealedBy: string,
    readonly addresses: { readonly http: string; readonly lan: string; readonly wan: string },
  ) {
    this.dataDir = join(mesh.folder, node);
    this.#process = this.#inRole('primary', {});
    mesh.shelter(this);
  }

  /** A primary called `name`, on a host called `node`, started with the operator's token of the mesh. */
  static async start(mesh: Mesh, name: string, node: string): Promise<LoneServer> {
    const server = new LoneServer(mesh, name, node, node, await chooseAddresses());
    await server.#started();
    return server;
  }

  /** A server that runs on a copy of the primary's database, beside it. */
  static async startOn(backup: Backup, mesh: Mesh, node: string): Promise<LoneServer> {
    const server = new LoneServer(mesh, 'dc1', node, mesh.dc1.server.plan.name, await chooseAddresses());
    backup.copyTo(server.dataDir);
    // It says of itself what the original says: otherwise everybody would learn its own address, and stay with it.
    server.#process = server.#inRole('primary', { BANYAN_WAN_ADVERTISE: mesh.primaryAddress });
    await server.#started();
    return server;
  }

  /** Stops it, and starts it over the same state as a secondary of dc1, with that replication token. */
  async restartAsSecondary(tokenFile: string): Promise<void> {
    await this.stop();
    this.#process = this.#inRole('secondary', {
      BANYAN_PRIMARY_WAN_ADDRESS: this.mesh.dc1.addresses.wan,
      BANYAN_REPLICATION_TOKEN_FILE: tokenFile,
      BANYAN_ROOT_FINGERPRINT_FILE: join(this.mesh.dc1.dataDir, 'root.fingerprint'),
    });
    await this.#started();
  }

  get fingerprint(): string {
    return readFileSync(join(this.dataDir, 'root.fingerprint'), 'utf8');
  }

  askServer<T>(call: HttpCall): Promise<T> {
    return askJson<T>(this.addresses.http, { token: this.mesh.secrets.token('management'), ...call });
  }

  callServer(call: HttpCall): Promise<HttpAnswer> {
    return callHttp(this.addresses.http, { token: this.mesh.secrets.token('management'), ...call });
  }

  async stop(): Promise<void> {
    await this.#process.stop();
    await endPostmaster(this.dataDir, 'SIGQUIT');
  }

  #inRole(role: Role, more: Readonly<Record<string, string>>): MeshProcess {
    const { addresses, mesh, name, node, sealedBy } = this;
    const env = {
      BANYAN_DATACENTER: name,
      BANYAN_NODE_NAME: node,
      BANYAN_DATA_DIR: this.dataDir,
      BANYAN_LOG_LEVEL: 'debug',
      BANYAN_KEK_FILE: mesh.secrets.keyEncryptionFile(sealedBy),
      BANYAN_HTTP_BIND: addresses.http,
      BANYAN_LAN_BIND: addresses.lan,
      BANYAN_WAN_BIND: addresses.wan,
      ...(role === 'primary' && { BANYAN_INITIAL_TOKENS_FILE: mesh.secrets.initialTokensFile }),
      ...more,
    };
    const process = { name: `${node}-${role}`, entry: `apps/${role}-server/src/main.js`, env };
    return new MeshProcess(process, join(mesh.folder, 'logs'));
  }

  async #started(): Promise<void> {
    const process = this.#process;
    process.start();
    await eventually(`${process.plan.name} becomes ready`, { limitMs: READY_LIMIT_MS }, async () => {
      if (!process.isRunning) throw new Hopeless('it has ended');
      const { status, text } = await callHttp(this.addresses.http, { path: '/readyz', limitMs: 5_000 });
      if (status !== 200) throw new Error(`/readyz answered ${status}: ${text}`);
    });
  }
}
