import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseAddresses, Datacenter } from './datacenter.js';
import { freeAddress } from '@banyan/testkit';
import type { MeshProcess } from './mesh-process.js';
import { MeshService, type ServicePlan } from './mesh-service.js';
import { RunSecrets, secretsIn } from './run-secrets.js';
import { SecondServer } from './second-server.js';
import { WanLink } from './wan-link.js';

/** What differs from one server per datacenter over its embedded database. */
export interface MeshPlan {
  /** Two servers per datacenter over a database of their own. The WAN links stand in front of the first ones only. */
  readonly twoServers?: boolean;
  /** The clocks of servers and agents can be moved. */
  readonly movableClocks?: boolean;
  /** Settings of every server and agent. */
  readonly env?: Readonly<Record<string, string>>;
  /** Settings of the servers of both datacenters. */
  readonly serverEnv?: Readonly<Record<string, string>>;
}

const TAIL_LINES = 20;
/** Lines that tell nothing of a failure. */
const NOISE = /^.*"msg":"(?:Nest reports|Answered a request|connection allowed)".*\n/gm;

/**
 * Two datacenters of real processes in a temporary folder: dc1 the primary, dc2 a secondary. Everything that one says to
 * the other's server goes through two links, which together are the WAN.
 */
export class Mesh {
  readonly secrets: RunSecrets;
  readonly #services: MeshService[] = [];
  readonly #watched: MeshProcess[] = [];
  readonly #guests: { stop(): Promise<void> }[] = [];

  private constructor(
    readonly folder: string,
    readonly dc1: Datacenter,
    readonly dc2: Datacenter,
    private readonly links: { readonly toPrimary: WanLink; readonly toSecondary: WanLink },
    secrets: RunSecrets,
    /** Closed when the mesh stops: what stands behind further servers. */
    private readonly more: readonly { stop(): Promise<void> }[],
  ) {
    this.secrets = secrets;
  }

  /** Everything is laid out, nothing runs yet. */
  static async layOut({
    twoServers = false,
    movableClocks = false,
    env = {},
    serverEnv = {},
  }: MeshPlan = {}): Promise<Mesh> {
    const folder = mkdtempSync(join(tmpdir(), 'banyan-e2e-'));
    chmodSync(folder, 0o711); // PostgreSQL runs as another user when the tests run as root
    const secrets = new RunSecrets(folder);
    const [own1, own2] = [await chooseAddresses(), await chooseAddresses()];
    const toPrimary = new WanLink(await freeAddress(), own1.wan);
    const toSecondary = new WanLink(await freeAddress(), own2.wan);
    await toPrimary.open();
    await toSecondary.open();
    // The holder of the lease writes it, whichever server that is.
    const rootFingerprintFile = join(folder, twoServers ? 'root.fingerprint' : 'dc1-server-1/root.fingerprint');
    const seconds = twoServers
      ? [await SecondServer.layOut(folder, 'dc1'), await SecondServer.layOut(folder, 'dc2')]
      : [];
    const shared = { folder, secrets, rootFingerprintFile, movableClocks, env };
    const dc1 = new Datacenter({
      ...shared,
      name: 'dc1',
      addresses: own1,
      wanAdvertise: toPrimary.address,
      serverEntry: 'apps/primary-server/src/main.js',
      serverEnv: {
        ...serverEnv,
        BANYAN_INITIAL_TOKENS_FILE: secrets.initialTokensFile,
        ...(twoServers && { BANYAN_ROOT_FINGERPRINT_OUT: rootFingerprintFile }),
      },
      ...(seconds[0] && { more: seconds[0].parts }),
    });
    const dc2 = new Datacenter({
      ...shared,
      name: 'dc2',
      addresses: own2,
      wanAdvertise: toSecondary.address,
      serverEntry: 'apps/secondary-server/src/main.js',
      serverEnv: {
        ...serverEnv,
        BANYAN_PRIMARY_WAN_ADDRESS: toPrimary.address,
        BANYAN_REPLICATION_TOKEN_FILE: secrets.tokenFile('replication-dc2'),
        BANYAN_ROOT_FINGERPRINT_FILE: rootFingerprintFile,
      },
      ...(seconds[1] && { more: seconds[1].parts }),
    });
    return new Mesh(folder, dc1, dc2, { toPrimary, toSecondary }, secrets, seconds);
  }

  get datacenters(): readonly [Datacenter, Datacenter] {
    return [this.dc1, this.dc2];
  }

  async startServers(): Promise<void> {
    for (const datacenter of this.datacenters) datacenter.startServers();
    await Promise.all(this.datacenters.map((datacenter) => datacenter.serverReady()));
  }

  async startAgents(): Promise<void> {
    for (const { agent } of this.datacenters) agent.start();
    await Promise.all(this.datacenters.map((datacenter) => datacenter.agentReady()));
  }

  /** Starts a workload in this process, registers it with its datacenter's agent and starts its sidecar. */
  async startService(plan: ServicePlan): Promise<MeshService> {
    const service = await MeshService.layOut(plan, {
      datacenter: this[plan.datacenter],
      secrets: this.secrets,
      logs: join(this.folder, 'logs'),
    });
    this.#services.push(service);
    await service.start();
    return service;
  }

  /** Is stopped with the mesh. */
  watch(process: MeshProcess): MeshProcess {
    this.#watched.push(process);
    return process;
  }

  /** Is stopped with the mesh, in its own way. */
  shelter(guest: { stop(): Promise<void> }): void {
    this.#guests.push(guest);
  }

  async cutWan(how: 'refused' | 'silent'): Promise<void> {
    await Promise.all([this.links.toPrimary.cut(how), this.links.toSecondary.cut(how)]);
  }

  /** What dc2 asks its primary arrives there, and no answer comes back. */
  async swallowAnswers(): Promise<void> {
    await this.links.toPrimary.cut('half-open');
  }

  /** Where dc2 is told that its primary is. */
  get primaryAddress(): string {
    return this.links.toPrimary.address;
  }

  /** What dc2 takes for its primary is whoever listens at that address; without one, dc1 again. */
  pretendPrimary(wan: string = this.dc1.addresses.wan): void {
    this.links.toPrimary.leadTo(wan);
  }

  async healWan(): Promise<void> {
    await Promise.all([this.links.toPrimary.heal(), this.links.toSecondary.heal()]);
  }

  /** Every byte that the datacenters' servers sent to each other. */
  get wanTraffic(): Buffer {
    return Buffer.concat([this.links.toPrimary.carried, this.links.toSecondary.carried]);
  }

  /** The end of every process's log. */
  logTails(lines = TAIL_LINES): string {
    return [...this.#logs()]
      .map(([name, text]) => [name, text.replaceAll(NOISE, '')] as const)
      .map(
        ([name, text]) => `--- ${name} (last ${lines} lines)\n${text.trimEnd().split('\n').slice(-lines).join('\n')}`,
      )
      .join('\n');
  }

  /** Which secret stands in which log, or crossed the WAN in the clear. Empty when all is well. */
  leaks(): string[] {
    const places = [...this.#logs(), ['the WAN', this.wanTraffic.toString('latin1')] as const];
    return places.flatMap(([name, text]) => secretsIn(text, this.secrets).map((secret) => `${secret} in ${name}`));
  }

  /** Stops every process, checks that no secret was logged, and deletes the folder unless the run is to be kept. */
  async stop(): Promise<void> {
    await Promise.all(this.#services.map((service) => service.stop()));
    await Promise.all(this.#guests.map((guest) => guest.stop()));
    // One that is frozen could not heed anything else.
    await Promise.all(this.#watched.map((process) => process.kill()));
    await Promise.all(this.datacenters.map((datacenter) => datacenter.stop()));
    await Promise.all([this.links.toPrimary.close(), this.links.toSecondary.close()]);
    await Promise.all(this.more.map((each) => each.stop()));
    const leaks = this.leaks();
    if (process.env['BANYAN_E2E_KEEP'] === 'true') console.warn(`kept: ${this.folder}`);
    else rmSync(this.folder, { recursive: true, force: true });
    if (leaks.length > 0) throw new Error(`secrets were told: ${leaks.join('; ')}`);
  }

  #logs(): ReadonlyMap<string, string> {
    const folder = join(this.folder, 'logs');
    const logs = new Map<string, string>();
    for (const name of readdirSync(folder).filter((entry) => entry.endsWith('.log'))) {
      logs.set(name, readFileSync(join(folder, name), 'utf8'));
    }
    for (const { name, dataDir } of this.datacenters) {
      try {
        logs.set(`PostgreSQL of ${name}`, readFileSync(join(dataDir, 'postgres', 'postgres.log'), 'utf8'));
      } catch {
        // this server was never started
      }
    }
    return logs;
  }
}
