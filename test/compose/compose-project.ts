import { execFile, type ExecFileException } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repositoryRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const LARGEST_OUTPUT_BYTES = 32 * 1024 * 1024;

/** Settings of docker-compose.yml that move a published port. */
const PORT_SETTINGS = {
  dc1Agent: 'BANYAN_DEV_DC1_AGENT_HTTP_PORT',
  dc1Server: 'BANYAN_DEV_DC1_SERVER_HTTP_PORT',
  dc2Agent: 'BANYAN_DEV_DC2_AGENT_HTTP_PORT',
  dc2Server: 'BANYAN_DEV_DC2_SERVER_HTTP_PORT',
  web: 'BANYAN_DEV_WEB_PORT',
} as const;

export type PublishedPort = keyof typeof PORT_SETTINGS;

/** What a command printed and how it ended. */
export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

/** One run of docker-compose.yml, or of several files over each other, under a name and on ports of its own, so that it can stand beside `npm start`. */
export class ComposeProject {
  private constructor(
    readonly name: string,
    private readonly ports: Readonly<Record<PublishedPort, number>>,
    private readonly files: readonly string[],
  ) {}

  static async create(files: readonly string[] = ['docker-compose.yml']): Promise<ComposeProject> {
    const names = Object.keys(PORT_SETTINGS) as PublishedPort[];
    const free = await freePorts(names.length);
    const ports = Object.fromEntries(names.map((name, index) => [name, free[index]]));
    return new ComposeProject(`banyan-test-${process.pid}`, ports as Record<PublishedPort, number>, files);
  }

  url(port: PublishedPort, path: string): string {
    return `http://127.0.0.1:${this.ports[port]}${path}`;
  }

  /** Runs docker with the project's settings; the outcome is a value whatever the exit status. */
  docker(args: readonly string[], limitMs = 60_000): Promise<Outcome> {
    const moved = Object.entries(PORT_SETTINGS).map(([name, setting]) => [
      setting,
      String(this.ports[name as PublishedPort]),
    ]);
    const env = {
      ...process.env,
      ...Object.fromEntries(moved),
      COMPOSE_PROJECT_NAME: this.name,
      COMPOSE_FILE: this.files.join(':'),
      BANYAN_IMAGE: 'banyan:test',
      COMPOSE_ANSI: 'never',
    };
    const options = { cwd: repositoryRoot, env, timeout: limitMs, maxBuffer: LARGEST_OUTPUT_BYTES };
    return new Promise((resolve) => {
      execFile('docker', [...args], options, (error: ExecFileException | null, stdout, stderr) => {
        const status = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
        resolve({ status, stdout, stderr: error === null ? stderr : `${stderr}${error.message}` });
      });
    });
  }

  compose(args: readonly string[], limitMs?: number): Promise<Outcome> {
    return this.docker(['compose', ...args], limitMs);
  }

  /** Like `compose`, but an exit status other than 0 throws with what was said. Answers standard output, trimmed. */
  async mustCompose(args: readonly string[], limitMs?: number): Promise<string> {
    const outcome = await this.compose(args, limitMs);
    if (outcome.status === 0) return outcome.stdout.trim();
    throw new Error(`docker compose ${args.join(' ')}: status ${outcome.status}\n${outcome.stdout}\n${outcome.stderr}`);
  }

  /** Builds the image and starts everything; when that fails, the error carries the state and the last log lines. */
  async up(): Promise<void> {
    await this.mustCompose(['build', '--quiet'], 300_000);
    const started = await this.compose(['up', '-d', '--wait', '--wait-timeout', '150'], 200_000);
    if (started.status === 0) return;
    const state = await this.compose(['ps', '-a', '--format', '{{.Service}}: {{.Status}}']);
    const logs = await this.compose(['logs', '--no-color', '--tail', '25']);
    throw new Error(`docker compose up failed\n${started.stderr}\n${state.stdout}\n${logs.stdout}`);
  }

  async down(): Promise<void> {
    await this.mustCompose(['down', '-v', '--remove-orphans', '--timeout', '5'], 120_000);
  }
}
