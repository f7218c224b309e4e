import { CA_REPLICAS } from '@banyan/ca';
import { wireReplicationSummary } from '@banyan/http-api';
import type { JsonValue } from '@banyan/kernel';
import { ReplicationRecords, Replicator } from '@banyan/replication';
import { CanaryWatch } from '../edges/canary-watch.js';
import type { DatacenterCore } from '../core/datacenter-core.js';
import { OwnStanding } from '../edges/own-standing.js';
import { REPLICATION_STREAMS } from '../edges/replication-streams.js';
import { type OwnState, PRIMARY_FEED } from './own-state.js';
import type { PrimaryLink } from './primary-link.js';
import type { ReplicationToken } from './replication-token.js';
import { type AuthorityStanding, SecondaryDesk } from './secondary-desk.js';
import { SecondaryFederation } from './secondary-federation.js';
import type { SecondarySettings } from './secondary-settings.js';
import { StatusBoard } from './status-board.js';
import { TokenPreflight } from './token-preflight.js';
import { WanFeedClient } from './wan-feed-client.js';

/** What {@link ReplicationSide} needs. */
export interface ReplicationSideParts {
  readonly core: DatacenterCore;
  readonly settings: SecondarySettings;
  readonly link: PrimaryLink;
  readonly token: ReplicationToken;
  readonly own: OwnState;
  /** Name of the primary. Throws `DATACENTER_UNREACHABLE` before it is known. */
  readonly primary: () => string;
  /** How the signing authority of this datacenter stands: the stream `intermediate`. */
  readonly standing: () => AuthorityStanding;
}

/** All that replication is in a secondary: the feed and its token, the canary, what is told about them and to whom. */
export class ReplicationSide {
  readonly replicator: Replicator;
  readonly desk: SecondaryDesk;
  readonly canary: CanaryWatch;
  readonly federation: SecondaryFederation;
  readonly #own: OwnStanding;
  readonly #preflight: TokenPreflight;
  readonly #board: StatusBoard;
  readonly #records: ReplicationRecords;

  constructor(private readonly parts: ReplicationSideParts) {
    const { core, settings, link, token, own, primary } = parts;
    const { store, follower, ambient, datacenter } = core;
    this.replicator = new Replicator({
      feed: PRIMARY_FEED,
      sourceDatacenter: primary,
      store,
      follower,
      streams: REPLICATION_STREAMS,
      limits: {
        share: settings.BANYAN_REPLICATION_GUARD_PERCENT / 100,
        free: settings.BANYAN_REPLICATION_GUARD_RECORDS,
      },
      client: new WanFeedClient(datacenter, link, own),
      fence: () => core.fence(),
      ...ambient,
    });
    this.#records = new ReplicationRecords(store, REPLICATION_STREAMS);
    this.#preflight = new TokenPreflight(core, link);
    this.canary = new CanaryWatch(core);
    this.#board = new StatusBoard(core, {
      replicator: this.replicator,
      preflight: this.#preflight,
      canary: this.canary,
    });
    const parted = {
      records: this.#records,
      board: this.#board,
      replicator: this.replicator,
      preflight: this.#preflight,
    };
    this.desk = new SecondaryDesk({ ...parts, ...parted });
    this.#own = new OwnStanding(core);
    this.federation = new SecondaryFederation({ core, desk: this.desk, own: this.#own });
    token.onChange(() => this.useToken());
  }

  start(): void {
    this.replicator.start();
    this.#preflight.start();
    this.#board.start();
    this.parts.token.start();
  }

  /** There is another token: everything that uses one begins anew with it. */
  useToken(): void {
    this.replicator.reconnect();
    this.#preflight.wake();
  }

  async stop(): Promise<void> {
    this.canary.stop();
    await Promise.all([this.replicator.stop(), this.#preflight.stop(), this.#board.stop(), this.parts.token.stop()]);
  }

  /** What the primary is told: how replication and the datacenter are, the canary, and the roots that it seems to have lost. */
  async report(): Promise<Record<string, JsonValue>> {
    const view = await this.desk.view();
    const { canary } = this.canary.knowledge;
    return {
      replication: wireReplicationSummary(view) as unknown as JsonValue,
      standing: (await this.#own.read(view)) as unknown as JsonValue,
      ...(canary !== undefined && { canary: { sequence: canary.sequence, writtenAt: canary.writtenAt } }),
      ...(view.holds.some((hold) => hold.code === 'ROOT_GENERATION_LOWER') && { knownRoots: await this.#roots() }),
    };
  }

  async #roots(): Promise<JsonValue> {
    const roots = CA_REPLICAS.find((replica) => replica.topic === 'root');
    const items = (await roots?.snapshot(this.parts.core.store.dataSource.manager)) ?? [];
    return items.map((item) => item.body);
  }
}
