import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually, Hopeless } from '../../e2e/harness/eventually.js';
import { freeAddress } from '@banyan/testkit';
import { askJson, callHttp } from '../../e2e/harness/http-call.js';
import type { Mesh } from '../../e2e/harness/mesh.js';
import { MISSING } from './promtool.js';

/** One sample of an answer. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [at: number, value: string];
}

/** What it scrapes, as host:port. */
export interface Targets {
  readonly servers: readonly string[];
  readonly agents: readonly string[];
  readonly sidecars: readonly string[];
}

const DEPLOY = fileURLToPath(new URL('../../../deploy/prometheus', import.meta.url));
const READY_LIMIT_MS = 20_000;

/** Debian's Prometheus with the configuration and the rules of `deploy/prometheus`, only faster and with other targets. */
export class Prometheus {
  private constructor(
    readonly folder: string,
    readonly address: string,
    private readonly child: ChildProcess,
  ) {}

  /** Starts, scrapes every second, and stops with the mesh. `token`: what its credentials file holds. */
  static async start(mesh: Mesh, targets: Targets, token: string): Promise<Prometheus> {
    const folder = join(mesh.folder, 'prometheus');
    cpSync(DEPLOY, folder, { recursive: true });
    mkdirSync(join(folder, 'secrets'));
    writeFileSync(join(folder, 'secrets/metrics.token'), token, { mode: 0o600 });
    for (const [name, addresses] of Object.entries(targets)) {
      writeFileSync(join(folder, 'targets', `${name}.yml`), `- targets: ${JSON.stringify(addresses)}\n`);
    }
    const config = join(folder, 'prometheus.yml');
    writeFileSync(config, readFileSync(config, 'utf8').replaceAll('_interval: 10s', '_interval: 1s'));
    const address = await freeAddress();
    const log = openSync(join(mesh.folder, 'logs', 'prometheus.log'), 'a');
    const child = spawn(
      'prometheus',
      [`--config.file=${config}`, `--storage.tsdb.path=${join(folder, 'data')}`, `--web.listen-address=${address}`],
      { stdio: ['ignore', log, log] },
    );
    const prometheus = new Prometheus(folder, address, child);
    mesh.shelter(prometheus);
    await prometheus.#ready();
    return prometheus;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.pid === undefined) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }

  /** The samples of an instant query. */
  async query(expression: string): Promise<readonly Sample[]> {
    const path = `/api/v1/query?query=${encodeURIComponent(expression)}`;
    const { data } = await askJson<{ data: { result: readonly Sample[] } }>(this.address, { path });
    return data.result;
  }

  /** Names of the alerts whose rules are loaded, and whether each could be evaluated. */
  async rules(): Promise<ReadonlyMap<string, string>> {
    const { data } = await askJson<{
      data: { groups: readonly { rules: readonly { name: string; health: string }[] }[] };
    }>(this.address, { path: '/api/v1/rules' });
    return new Map(data.groups.flatMap((group) => group.rules.map(({ name, health }) => [name, health] as const)));
  }

  /** The alerts that are pending or fire, by name. */
  async alerts(): Promise<ReadonlyMap<string, string>> {
    const { data } = await askJson<{
      data: { alerts: readonly { labels: { alertname: string }; state: string }[] };
    }>(this.address, { path: '/api/v1/alerts' });
    return new Map(data.alerts.map(({ labels, state }) => [labels.alertname, state]));
  }

  async #ready(): Promise<void> {
    let failure: Error | undefined;
    this.child.once('error', (error) => {
      failure = error;
    });
    await eventually('Prometheus becomes ready', { limitMs: READY_LIMIT_MS }, async () => {
      if (failure !== undefined) throw new Hopeless(`${MISSING} (${failure.message})`);
      if (this.child.exitCode !== null) throw new Hopeless('it has ended');
      const { status } = await callHttp(this.address, { path: '/-/ready' });
      if (status !== 200) throw new Error(`it answered ${status}`);
    });
  }
}
