import {
  BackgroundTask,
  type Clock,
  type EpochMs,
  type Logger,
  messageOf,
  type Random,
  type Timers,
} from '@banyan/kernel';
import { addressesOf, type ServerPresence, type ServerRecord } from '../domain/server-record.js';
import type { ServerRegistry } from './server-registry.js';

/** What {@link ServerMembership} needs. */
export interface ServerMembershipOptions {
  readonly registry: ServerRegistry;
  readonly self: ServerPresence;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

/** How often a server says that it lives, and looks who else does. */
const BEAT_MS = 2_000;
const BACKOFF = { firstMs: 250, capMs: BEAT_MS };
/** Once in 30 beats it is looked for servers to forget. */
const SWEEP_BEATS = 30;

/**
 * The servers of this datacenter, in memory: this one is announced every 2 s, the others are read. While the database is
 * away the last view stays, with its age.
 */
export class ServerMembership {
  readonly #task: BackgroundTask;
  #servers: readonly ServerRecord[] = [];
  #lookedAt: EpochMs | undefined;
  #beats = 0;

  constructor(private readonly options: ServerMembershipOptions) {
    this.#task = new BackgroundTask({
      timers: options.timers,
      random: options.random,
      backoff: BACKOFF,
      turn: async () => {
        await this.#beat();
        return BEAT_MS;
      },
      onFailure: (error, failures) => {
        if (failures === 1)
          options.logger.warn('this server could not say that it lives', { reason: messageOf(error) });
      },
    });
  }

  /** Who was known at the last look, by name; empty before the first. */
  get servers(): readonly ServerRecord[] {
    return this.#servers;
  }

  /** When the database was last asked; undefined before the first time. */
  get lookedAt(): EpochMs | undefined {
    return this.#lookedAt;
  }

  /** LAN addresses of the servers that live, for agents; this server's own even before the first look. */
  lanAddresses(): readonly string[] {
    return this.#addresses('lanAddress', (server) => server.alive);
  }

  /**
   * WAN addresses of every server that is not forgotten: other datacenters pass over one that is away, and the record of
   * this datacenter does not change with every restart.
   */
  wanAddresses(): readonly string[] {
    return this.#addresses('wanAddress', () => true);
  }

  /** The server that holds the lease of that name and lives. */
  holderOf(lease: string): ServerRecord | undefined {
    return this.#servers.find((server) => server.leases.some(({ name }) => name === lease));
  }

  start(): void {
    this.#task.start();
  }

  /** Looks at once: a lease was taken or lost here. */
  wake(): void {
    this.#task.wake();
  }

  /** Stops, and says that this server is gone; when the database is away it will be missed. */
  async stop(): Promise<void> {
    await this.#task.stop();
    if (this.#lookedAt === undefined) return;
    await this.options.registry.withdraw(this.options.self.id).catch((error: unknown) => {
      this.options.logger.debug('this server could not say that it goes', { reason: messageOf(error) });
    });
  }

  async #beat(): Promise<void> {
    const { registry, self, clock } = this.options;
    await registry.announce(self);
    if (this.#beats++ % SWEEP_BEATS === 0) await registry.sweep();
    this.#servers = await registry.list();
    this.#lookedAt = clock.now();
  }

  #addresses(edge: 'lanAddress' | 'wanAddress', take: (server: ServerRecord) => boolean): readonly string[] {
    const { self } = this.options;
    const own = { ...self, silentMs: 0, alive: true, leases: [] };
    const others = this.#servers.filter((server) => server.id !== self.id && take(server));
    return addressesOf([own, ...others], edge);
  }
}
