import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { BanyanError, messageOf, SystemTimers } from '@banyan/kernel';
import { Client, escapeIdentifier } from 'pg';
import { holdProcess } from '../hold-process.js';
import { isUnreachable } from '../postgres-errors.js';
import { type ClusterPlaces, ensureCluster, logTail, ROLE, withLog } from './cluster.js';
import { findBinaries } from './find-binaries.js';
import { chooseLaunchUser, commandOf, type LaunchUser, makePrivateFolder } from './launch-user.js';
import { OwnerSocket } from './owner-socket.js';
import { findPostmaster, isAlive } from './postmaster-file.js';

/** What {@link EmbeddedPostgres.start} needs. */
export interface EmbeddedPostgresOptions {
  /** Folder for the cluster and its log; made if missing. One process at a time can have it. */
  readonly dataDir: string;
  /** Name of the database, made if missing. Default `banyan`. */
  readonly database?: string;
  /** Folder with PostgreSQL's programs; default the npm package's, then Debian's. The setting is BANYAN_PG_BIN. */
  readonly binaries?: string;
  /** Settings of PostgreSQL beyond banyan's. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Told when PostgreSQL ended without {@link EmbeddedPostgres.stop}; call `restart`, or end the process. */
  readonly onExit?: (code: number | null, signal: NodeJS.Signals | null) => void;
}

/** Recovery after a crash replays the log since the last checkpoint: seconds on a laptop. */
const READY_WITHIN_MS = 60_000;
/** A fast shutdown writes a checkpoint; after this long it is ended without, and recovers at the next start. */
const STOP_WITHIN_MS = 30_000;
const POLL_MS = 20;
/** Backends of a killed server hold its shared memory a moment longer, and the next server refuses to start. */
const TRIES = 20;
const RETRY_MS = 250;

/**
 * A PostgreSQL of our own for one process: real server, reachable over a unix socket only. A server that outlived its
 * process (kill -9) is stopped and started again; what it had committed is there.
 */
export class EmbeddedPostgres {
  /** For `openStore`. */
  readonly url: string;
  readonly #timers = new SystemTimers();
  #owner: OwnerSocket | undefined;
  #child: ChildProcess | undefined;
  #stopping = false;
  #isReady = false;

  private constructor(
    private readonly options: EmbeddedPostgresOptions,
    private readonly places: ClusterPlaces,
    private readonly socketFolder: string,
    private readonly user: LaunchUser,
  ) {
    this.url = this.urlOf(options.database ?? 'banyan');
  }

  /**
   * Resolves when the database takes connections. Throws `POSTGRES_BINARIES_MISSING`, `STORE_BUSY` (another live process
   * has this folder), `POSTGRES_START_FAILED` with the end of PostgreSQL's log.
   */
  static async start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
    const dataDir = resolve(options.dataDir);
    const binaries = findBinaries(options.binaries);
    mkdirSync(dataDir, { recursive: true });
    // A socket's path is limited to 107 bytes, hence the temporary folder and a hash of the data folder.
    const hash = createHash('sha256').update(dataDir).digest('hex').slice(0, 12);
    const socketFolder = join(tmpdir(), `banyan-pg-${hash}`);
    const places = { binaries, cluster: join(dataDir, 'cluster'), log: join(dataDir, 'postgres.log') };
    const self = new EmbeddedPostgres(options, places, socketFolder, chooseLaunchUser(binaries, dataDir));
    const letGo = holdProcess();
    try {
      await self.#claim();
      await ensureCluster(places, self.user);
      await self.#launch();
      return self;
    } catch (error) {
      await self.stop();
      throw error;
    } finally {
      letGo();
    }
  }

  /** Starts PostgreSQL again after it ended. Throws `POSTGRES_START_FAILED`. */
  async restart(): Promise<void> {
    const letGo = holdProcess();
    try {
      await this.#launch();
    } finally {
      letGo();
    }
  }

  /** The server's process number while it runs. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Rolls back what runs, writes a checkpoint, and resolves when the server is gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const letGo = holdProcess();
    try {
      const pid =
        this.#owner === undefined ? undefined : (findPostmaster(this.places.cluster)?.pid ?? this.#child?.pid);
      if (pid !== undefined) await this.#end(pid);
      if (this.#owner === undefined) return;
      await this.#owner.release();
      this.#owner = undefined;
      removeIfEmpty(this.socketFolder);
    } finally {
      letGo();
    }
  }

  /** A server without a live owner is an orphan. Its socket may be elsewhere, if it was started with another TMPDIR. */
  async #claim(): Promise<void> {
    const orphan = findPostmaster(this.places.cluster);
    if (
      orphan !== undefined &&
      orphan.socketFolder !== this.socketFolder &&
      (await OwnerSocket.isHeld(orphan.socketFolder))
    ) {
      throw new BanyanError(
        'STORE_BUSY',
        `the embedded database in ${this.options.dataDir} is in use by another process`,
      );
    }
    makePrivateFolder(this.user, this.socketFolder);
    this.#owner = await OwnerSocket.claim(this.socketFolder);
    if (orphan !== undefined) await this.#end(orphan.pid);
  }

  async #end(pid: number): Promise<void> {
    let waitedMs = 0;
    signalTo(pid, 'SIGINT');
    // A child of ours may be gone a moment before we are told.
    while (isAlive(pid) || this.#child?.pid === pid) {
      if (waitedMs === STOP_WITHIN_MS) signalTo(pid, 'SIGQUIT');
      await this.#timers.sleep(POLL_MS);
      waitedMs += POLL_MS;
    }
  }

  async #launch(): Promise<void> {
    this.#stopping = false;
    for (let tries = 1; ; tries += 1) {
      this.#spawn();
      if (await this.#ready()) return;
      const tail = logTail(this.places.log);
      if (tries === TRIES || !tail.includes('shared memory')) {
        throw new BanyanError(
          'POSTGRES_START_FAILED',
          `PostgreSQL did not start; its log ${this.places.log} ends:\n${tail}`,
        );
      }
      await this.#timers.sleep(RETRY_MS);
    }
  }

  #spawn(): void {
    findPostmaster(this.places.cluster);
    const settings = {
      listen_addresses: '',
      unix_socket_directories: this.socketFolder,
      unix_socket_permissions: '0700',
      max_connections: '64',
      shared_buffers: '32MB',
      log_min_messages: 'warning',
      ...this.options.settings,
    };
    const settingArgs = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const { file, args } = commandOf(this.user, this.places.binaries, 'postgres', [
      '-D',
      this.places.cluster,
      ...settingArgs,
    ]);
    // A session of its own: Ctrl-C ends banyan, which then stops the database, not both at once.
    const child = withLog(this.places.log, (log) =>
      spawn(file, args, { ...this.user.ids, cwd: '/', detached: true, stdio: ['ignore', log, log] }),
    );
    this.#child = child;
    let serving = true;
    const gone = (code: number | null, signal: NodeJS.Signals | null): void => {
      if (!serving) return;
      serving = false;
      const wasReady = this.#child === child && this.#isReady;
      if (this.#child === child) this.#child = undefined;
      this.#isReady = false;
      if (wasReady && !this.#stopping) this.options.onExit?.(code, signal);
    };
    child.once('exit', gone);
    child.once('error', () => gone(null, null));
  }

  /** False when the server ended before it was ready. */
  async #ready(): Promise<boolean> {
    for (let waitedMs = 0; this.#child !== undefined; waitedMs += POLL_MS) {
      try {
        await this.#ensureDatabase();
        this.#isReady = true;
        return true;
      } catch (error) {
        if (!isUnreachable(error)) throw error;
        if (waitedMs >= READY_WITHIN_MS) {
          throw new BanyanError('POSTGRES_START_FAILED', `PostgreSQL takes no connections: ${messageOf(error)}`, {
            cause: error,
          });
        }
      }
      await this.#timers.sleep(POLL_MS);
    }
    return false;
  }

  async #ensureDatabase(): Promise<void> {
    const name = this.options.database ?? 'banyan';
    const client = new Client({
      connectionString: this.urlOf('postgres'),
      connectionTimeoutMillis: READY_WITHIN_MS,
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
      if (found.rowCount === 0) await client.query(`CREATE DATABASE ${escapeIdentifier(name)}`);
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  private urlOf(database: string): string {
    return `postgres://${ROLE}@/${encodeURIComponent(database)}?host=${encodeURIComponent(this.socketFolder)}`;
  }
}

/** Another process may have claimed the folder meanwhile; then its mark is in it. */
const removeIfEmpty = (folder: string): void => {
  try {
    rmdirSync(folder);
  } catch (error) {
    if (!['ENOTEMPTY', 'ENOENT', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
};

/** The process may end between the look and the signal. */
const signalTo = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};
