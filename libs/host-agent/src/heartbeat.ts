import {
  BackgroundTask,
  type Clock,
  isBanyanError,
  type Logger,
  messageOf,
  type Random,
  type Timers,
} from '@banyan/kernel';
import type { AgentReport } from '@banyan/adoption';
import type { LocalServices } from '@banyan/agent-api';
import type { LanClient } from '@banyan/rpc';

/** What {@link Heartbeat} needs. */
export interface HeartbeatOptions {
  readonly node: string;
  readonly nodeId: string;
  readonly address: string;
  readonly version: string;
  readonly lan: LanClient;
  readonly services: LocalServices;
  /** What this agent says of its roots, leaves and sidecars; given how far our clock is ahead of the servers', in ms. */
  readonly report: (clockOffsetMs: number) => AgentReport;
  /** Told when the servers refuse our identity, or theirs is refused. */
  readonly onRefused: (reason: string) => void;
  /** Told of the LAN addresses of the servers that live, whenever a server has answered. */
  readonly onServers: (addresses: readonly string[]) => void;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

const BEAT_MS = 5_000;
const BACKOFF = { firstMs: 250, capMs: 2_000 };

/** Tells the servers that this node lives, and all it has whenever that changed or the server does not know it. */
export class Heartbeat {
  readonly #task: BackgroundTask;
  readonly #unsubscribe: () => void;
  #changed = true;
  #defaultAction: 'allow' | 'deny' = 'deny';
  #lastHeardAt: number | undefined;
  #skewMs = 0;
  #reissueSpreadMs: number | undefined;

  constructor(private readonly options: HeartbeatOptions) {
    this.#task = new BackgroundTask({
      ...options,
      backoff: BACKOFF,
      turn: (signal) => this.#turn(signal),
      onFailure: (error, failures) => {
        this.#changed = true;
        if (isBanyanError(error, 'PEER_UNAUTHENTICATED', 'PEER_NOT_ALLOWED')) options.onRefused(error.message);
        if (failures === 1) options.logger.warn('no server was told of this node', { reason: messageOf(error) });
      },
    });
    this.#unsubscribe = options.services.onChange(() => {
      this.#changed = true;
      this.#task.wake();
    });
  }

  /** What holds where no intention matches; `deny` until a server has said otherwise. */
  get defaultAction(): 'allow' | 'deny' {
    return this.#defaultAction;
  }

  /** How far our clock is ahead of the server's, in ms. */
  get skewMs(): number {
    return this.#skewMs;
  }

  /** When a server last answered; undefined before the first time. */
  get lastHeardAt(): number | undefined {
    return this.#lastHeardAt;
  }

  /** Over how many ms renewals after a change of root are to be spread, as a server last said. */
  get reissueSpreadMs(): number | undefined {
    return this.#reissueSpreadMs;
  }

  start(): void {
    this.#task.start();
  }

  wake(): void {
    this.#task.wake();
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    await this.#task.stop();
  }

  async #turn(signal: AbortSignal): Promise<number> {
    const { lan, node, address, version, clock } = this.options;
    const whole = this.#changed;
    this.#changed = false;
    const sentAt = clock.now();
    const reportJson = JSON.stringify(this.options.report(this.#skewMs));
    const reply = await lan.heartbeat(
      { node, address, version, observedMs: sentAt, reportJson, ...(whole && { nodeJson: this.#nodeJson() }) },
      { signal },
    );
    const now = clock.now();
    this.#lastHeardAt = now;
    this.#skewMs = Math.round((sentAt + now) / 2 - reply.serverMs);
    if (reply.defaultIntentionPolicy === 'allow' || reply.defaultIntentionPolicy === 'deny') {
      this.#defaultAction = reply.defaultIntentionPolicy;
    }
    this.#reissueSpreadMs = reply.reissueSpreadMs ?? this.#reissueSpreadMs;
    this.options.onServers(reply.servers ?? []);
    if (reply.known === false && !whole) this.#changed = true;
    return this.#changed ? 0 : BEAT_MS;
  }

  #nodeJson(): string {
    const { node, nodeId, address, services } = this.options;
    return JSON.stringify({
      node: { Node: node, ID: nodeId, Address: address, Meta: {} },
      services: services.list().map(({ service }) => service),
      checks: services.checkStates(),
    });
  }
}
