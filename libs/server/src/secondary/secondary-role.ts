import { readAuthorityReport, reasonAgainstBundle, SigningAuthority } from '@banyan/ca';
import { BackgroundTask, BanyanError, epochMs, isBanyanError, messageOf, stateIndex } from '@banyan/kernel';
import { type ReplicationState, type ReplicationStatus, type Replicator, stateOfFailure } from '@banyan/replication';
import type { SignIntermediateReply } from '@banyan/rpc';
import type { Fence } from '@banyan/store';
import type { HealthVerdict } from '@banyan/telemetry';
import { AuthorityTask } from '../core/authority-task.js';
import { RotationOrders } from '../core/signing-orders.js';
import type { DatacenterCore } from '../core/datacenter-core.js';
import { adoptBundle, bundleJson, readBundleItems } from '../edges/bundle-items.js';
import type { DatacenterLinks } from '../edges/datacenter-links.js';
import type { HttpEntrance, ServerRole } from '../edges/role.js';
import { OwnState } from './own-state.js';
import { PrimaryLink, primaryName, WanIntermediateIssuer } from './primary-link.js';
import { WanPrimaryWrites } from './primary-writes.js';
import { ReplicationSide } from './replication-side.js';
import { ReplicationToken } from './replication-token.js';
import { ReportTiming } from './report-timing.js';
import type { AuthorityStanding, SecondaryDesk } from './secondary-desk.js';
import type { SecondaryFederation } from './secondary-federation.js';
import { SecondaryWanService } from './secondary-wan-service.js';
import type { SecondarySettings } from './secondary-settings.js';
import { WanRotationDesk } from './wan-rotation-desk.js';
import { WanConfigurationWriter, WanIntentionWriter, WanTokenWriter } from './wan-writers.js';

/** How soon it is noticed that the primary's roots have moved on without us: the feed that fails wakes nobody. */
const CUT_OFF_LOOK_MS = 1_000;
const CONNECTED_LOOK_MS = 5_000;

/** A secondary: trust, intentions and tokens come from the primary; leaves are signed here, with the WAN or without. */
export class SecondaryRole implements ServerRole {
  readonly intentionWriter: WanIntentionWriter;
  readonly tokenWriter: WanTokenWriter;
  readonly configurationWriter: WanConfigurationWriter;
  readonly rotationDesk: WanRotationDesk;
  readonly wan: SecondaryWanService;
  readonly #link: PrimaryLink;
  readonly replicationDesk: SecondaryDesk;
  readonly federation: SecondaryFederation;
  readonly #replication: ReplicationSide;
  readonly #replicator: Replicator;
  readonly #own: OwnState;
  readonly #task: AuthorityTask;
  readonly #reporter: BackgroundTask;
  readonly #timing = new ReportTiming();
  readonly #unsubscribe: () => void;

  constructor(
    private readonly core: DatacenterCore,
    settings: SecondarySettings,
    links: DatacenterLinks,
    http: () => HttpEntrance,
  ) {
    const primary = (): string => {
      const name = primaryName(core, settings);
      if (name === undefined) throw new BanyanError('DATACENTER_UNREACHABLE', 'the primary was not met yet');
      return name;
    };
    const token = new ReplicationToken(core, settings);
    this.#own = new OwnState(core, settings.BANYAN_ADOPT);
    this.#link = new PrimaryLink({ core, settings, client: () => links.client(primary()), tokens: token });
    const parts = { core, settings, link: this.#link, token, own: this.#own, primary };
    this.#replication = new ReplicationSide({ ...parts, standing: () => this.#standing() });
    this.#replicator = this.#replication.replicator;
    this.replicationDesk = this.#replication.desk;
    this.federation = this.#replication.federation;
    token.onChange(() => this.#task.wake());
    this.#replicator.onStatus((status) => this.#noteTrust(status));
    this.#replication.canary.onAnswer(() => this.#reportNow());
    this.#task = this.#makeTask();
    this.#reporter = this.#makeReporter();
    const ends = [
      core.ca.onChange(() => this.#reportNow()),
      core.rotations.onChange(() => this.#task.wake()),
      // What agents said may be what a gate waits for: looked at, and told if it is.
      core.agentReports.onWritten(() => this.#reporter.wake()),
    ];
    this.#unsubscribe = () => ends.forEach((end) => end());
    core.identity.rotating.onRotated(() => this.#replicator.wake());
    core.onLease(() => {
      this.#task.wake();
      this.#replicator.wake();
    });
    const writes = new WanPrimaryWrites(core, this.#link, this.#replicator);
    this.intentionWriter = new WanIntentionWriter(writes);
    this.tokenWriter = new WanTokenWriter(writes);
    this.configurationWriter = new WanConfigurationWriter(writes);
    this.rotationDesk = new WanRotationDesk(writes);
    this.wan = new SecondaryWanService(http);
    core.health.register('primary', () => this.#primaryHealth());
  }

  start(): void {
    this.#task.start();
    this.#replication.start();
    this.#reporter.start();
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    await Promise.all([this.#task.stop(), this.#replication.stop(), this.#reporter.stop()]);
  }

  signIntermediate(): Promise<SignIntermediateReply> {
    return Promise.reject(new BanyanError('CA_NOT_PRIMARY', 'not the primary datacenter'));
  }

  /** The named state of the tie to the primary, and why. */
  get state(): { readonly state: ReplicationState; readonly reason: string } {
    const { failure } = this.#task;
    const { active } = this.core.ca.state;
    if (active !== undefined && active.certificate.notAfter <= this.core.ambient.clock.now()) {
      const ended = `the intermediate ended at ${new Date(active.certificate.notAfter).toISOString()}`;
      return { state: 'EXPIRED', reason: `${ended}: ${failure ?? 'the next one is asked for'}` };
    }
    if (active === undefined || this.#adoptionState !== undefined) {
      return { state: this.#adoptionState ?? 'WAITING_PRIMARY', reason: failure ?? 'first contact is under way' };
    }
    const { state, reason } = this.#replicator.status;
    return { state, reason };
  }

  #adoptionState: ReplicationState | undefined;
  /** The primary and we did not trust each other since the feed last worked, whatever failed after that. */
  #isDistrusted = false;

  #wasReady = false;

  #noteTrust({ state, lastErrorCode, consecutiveFailures }: ReplicationStatus): void {
    const isReady = state === 'READY';
    // The WAN is there again, or we are permitted again: what was refused meanwhile is asked for at once.
    if (isReady && !this.#wasReady) this.#task.wake();
    this.#wasReady = isReady;
    if (isReady) this.#isDistrusted = false;
    if (this.#isDistrusted || consecutiveFailures < 2 || lastErrorCode !== 'PEER_UNAUTHENTICATED') return;
    this.#isDistrusted = true;
    this.#task.wake();
  }

  /** First contact: trust domain, roots and lifetimes, over a channel that the pin proves. */
  async #adopt(fence: Fence, signal: AbortSignal): Promise<void> {
    const { ca, follower, ambient } = this.core;
    const known =
      ca.state.trustDomain !== undefined &&
      ca.wantedRoot !== undefined &&
      ca.state.primaryDatacenter !== this.core.datacenter;
    const estranged = this.#isEstranged();
    if (known && !estranged) {
      this.#adoptionState = undefined;
      return;
    }
    try {
      const replaced = await this.#own.requireConfirmed();
      const bundle = await this.#link.firstBundle(signal);
      const index =
        replaced === undefined
          ? await this.#takeOver(bundle, fence)
          : await this.#own.giveUp(replaced.hash, bundle, fence);
      await follower.reached(stateIndex(index), { limitMs: 10_000 });
      this.#adoptionState = undefined;
      ambient.logger.info('trust adopted', {
        trustDomain: ca.getTrustDomain().name,
        root: ca.wantedRoot?.id,
        fingerprint: ca.wantedRoot?.certificate.fingerprintSha256,
      });
    } catch (error) {
      this.#adoptionState = stateOfFailure(isBanyanError(error) ? error.code : undefined);
      throw error;
    }
  }

  /**
   * A primary that lacks a root we know may have been restored from a backup. To reach it, its roots have to be taken, but
   * none of ours goes: that is for the feed, which holds what it would take away.
   */
  async #takeOver(bundle: string, fence: Fence): Promise<number> {
    const { store, ambient } = this.core;
    const local = await bundleJson(store);
    const older = reasonAgainstBundle(readBundleItems(local), readBundleItems(bundle));
    if (older !== undefined) ambient.logger.error('ROOT_GENERATION_LOWER', { reason: older });
    return adoptBundle(store, bundle, fence);
  }

  /** How the intermediate stands: the one stream that is asked for and not followed. */
  #standing(): AuthorityStanding {
    const { failure, failureCode } = this.#task;
    const { active } = this.core.ca.state;
    const signedAt = active === undefined ? {} : { lastSuccessAt: epochMs(active.certificate.notBefore) };
    const tie = this.state;
    if (tie.state === 'EXPIRED' || active === undefined) {
      return { ...tie, ...signedAt, ...(failureCode !== undefined && { code: failureCode }), failures: 1 };
    }
    if (failure === undefined) return { state: 'READY', reason: '', ...signedAt, failures: 0 };
    const state = this.#adoptionState ?? stateOfFailure(failureCode);
    return {
      state,
      reason: failure,
      ...signedAt,
      ...(failureCode !== undefined && { code: failureCode }),
      failures: 1,
    };
  }

  /**
   * The roots have moved on without us, and the feed that would tell cannot connect: the primary is not trusted here, or it
   * signs under roots that we do not know. While the feed works, it brings them, and in the right order.
   */
  #isEstranged(): boolean {
    const { state, consecutiveFailures } = this.#replicator.status;
    if (state === 'READY' || consecutiveFailures < 2) return false;
    const asked = this.#task.failureCode;
    return this.#isDistrusted || asked === 'CHAIN_ISSUER_UNKNOWN' || asked === 'CA_CONFLICT';
  }

  #reportNow(): void {
    this.#timing.hurry();
    this.#reporter.wake();
  }

  #makeTask(): AuthorityTask {
    const { store, follower, ca: projection, keys, ambient, datacenter } = this.core;
    const issuer = new WanIntermediateIssuer(this.#link);
    const orders = new RotationOrders(datacenter, this.core.rotations);
    return new AuthorityTask({
      ...ambient,
      projection,
      fence: () => this.core.fence(),
      signing: new SigningAuthority({ datacenter, store, follower, projection, keys, issuer, orders, ...ambient }),
      duties: {
        prepare: (fence, signal) => this.#adopt(fence, signal),
        maintain: async () => {},
        idleMs: () => (this.#replicator.status.state === 'READY' ? CONNECTED_LOOK_MS : CUT_OFF_LOOK_MS),
      },
    });
  }

  #makeReporter(): BackgroundTask {
    const { ambient, store, datacenter } = this.core;
    return new BackgroundTask({
      ...ambient,
      backoff: { firstMs: 500, capMs: 3_000 },
      turn: async (signal) => {
        // One voice: what is told is the datacenter's, from its database.
        if (this.core.identity.rotating.material === undefined || this.core.fence() === undefined) return 500;
        const adoption = await this.core.adoption.read();
        const waitMs = this.#timing.waitMs(adoption, ambient.clock.now());
        if (waitMs > 0) return waitMs;
        this.#timing.telling();
        const report = await readAuthorityReport(store, datacenter, ambient.clock.now());
        const json = JSON.stringify({
          signingRootId: report.signingRootId,
          horizons: report.horizons,
          wanAddress: this.core.membership.wanAddresses().join(','),
          adoption,
          ...(await this.#replication.report()),
        });
        const { roundTripMs } = await this.#link.wan.report({ datacenter, json }, { signal });
        this.#replication.canary.returned(roundTripMs);
        this.#timing.told(adoption, ambient.clock.now());
        return this.#timing.waitMs(adoption, ambient.clock.now());
      },
      onFailure: (error) => ambient.logger.debug('report not delivered', { reason: messageOf(error) }),
    });
  }

  /** Once a secondary can sign, the WAN is optional: its state is shown, and does not make the server unready. */
  #primaryHealth(): HealthVerdict {
    const { state, reason } = this.state;
    if (state === 'READY') return { ok: true };
    const said = `${state}: ${reason}`;
    const signs = this.core.ca.state.active !== undefined && state !== 'EXPIRED';
    return signs ? { ok: true, note: said } : { ok: false, reason: said };
  }
}
