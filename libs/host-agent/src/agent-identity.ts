import { type Bundle, leafDue, parseBundle, refusalOfFresh, renewalMoment, SKEW_WAIT_MS } from '@banyan/agent-cache';
import {
  BackgroundTask,
  BanyanError,
  type Clock,
  epochMs,
  type EpochMs,
  isBanyanError,
  type Logger,
  messageOf,
  type Random,
  SecretText,
  type Timers,
} from '@banyan/kernel';
import { type Certificate, parseCertificates, verifyChain } from '@banyan/pki';
import { type LanClient, RotatingIdentity } from '@banyan/rpc';
import { type Anchor, anchorHashOf, meetServer } from './agent-contact.js';
import { type IdentityRequest, requestIdentity, requireIdentityOf, rootAbove, sameKeys } from './identity-request.js';
import type { IdentityMaterial, StoredIdentity } from './stored-identity.js';

/** What {@link AgentIdentity} needs. */
export interface AgentIdentityOptions {
  readonly datacenter: string;
  readonly node: string;
  /** host:port of the servers, as they are configured or were learned. */
  readonly addresses: () => readonly string[];
  readonly token: () => SecretText;
  readonly anchor: () => Anchor;
  readonly stored: StoredIdentity;
  /** Over how many ms renewals are spread when another root signs. */
  readonly reissueSlotMs: () => number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

const BACKOFF = { firstMs: 250, capMs: 5_000 };
const LOOK_MS = 30_000;
/** A server takes a moment to have the next intermediate. */
const BEHIND_MS = 5_000;
/** However often it is refused, an identity is enrolled again no sooner than this after the last time. */
const RE_ENROL_MS = 60_000;

/**
 * The agent's own certificate: enrolled with the token over a channel that the pin proves, renewed with itself, kept
 * across restarts. When the servers no longer accept it, it enrols again, and says so.
 */
export class AgentIdentity {
  readonly rotating = new RotatingIdentity();
  readonly #task: BackgroundTask;
  #material: IdentityMaterial | undefined;
  #certificate: Certificate | undefined;
  #renewAt: EpochMs = epochMs(0);
  /** The root above the certificate; undefined when no root of the bundle is. */
  #rootId: string | undefined;
  #activeRootId: string | undefined;
  #rootChangeAt: EpochMs | undefined;
  /** The root above the certificate was in the bundle; and is not any more. */
  #rootWasTrusted = false;
  #rootGone = false;
  #taintedRootIds: readonly string[] = [];
  /** Keys of the datacenter whose certificates are to go. */
  #leavingKeyIds: readonly string[] = [];
  #failure: string | undefined;
  #refusal: string | undefined;
  #turnOfServers: number | undefined;
  #enrolledAt: EpochMs = epochMs(0);

  constructor(
    private readonly options: AgentIdentityOptions,
    private readonly lan: () => LanClient,
  ) {
    this.#task = new BackgroundTask({
      ...options,
      backoff: BACKOFF,
      turn: (signal) => this.#turn(signal),
      onFailure: (error) => this.#failed(error),
    });
  }

  /** Why there is no certificate yet, or why the last renewal failed. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** The root above the agent's own certificate. */
  get rootId(): string | undefined {
    return this.#rootId;
  }

  /** The key that signed the agent's own certificate, by its subject key ID. */
  get keyId(): string | undefined {
    return this.#certificate?.authorityKeyId;
  }

  start(): void {
    const kept = this.options.stored.read();
    if (kept !== undefined) this.#tryKept(kept);
    this.#task.start();
  }

  stop(): Promise<void> {
    return this.#task.stop();
  }

  /** The bundle changed: later connections trust it, and another active root means a renewal within the slot, or at once if ours is compromised or gone. */
  trust(bundle: Pick<Bundle, 'bundlePem' | 'activeRootId' | 'rootIds'> & Partial<Bundle>): void {
    const { bundlePem, activeRootId, rootIds, taintedRootIds = [], leavingKeyIds = [] } = bundle;
    const deniedKeys = [...(bundle.deniedKeys ?? [])];
    this.#activeRootId = activeRootId;
    this.#taintedRootIds = taintedRootIds;
    this.#leavingKeyIds = leavingKeyIds;
    const isTrusted = this.#rootId !== undefined && rootIds.includes(this.#rootId);
    this.#rootGone = this.#rootWasTrusted && !isTrusted;
    this.#rootWasTrusted ||= isTrusted;
    const material = this.#material;
    if (material !== undefined && (material.bundlePem !== bundlePem || !sameKeys(material.deniedKeys, deniedKeys)))
      this.#use({ ...material, bundlePem, deniedKeys });
    this.#task.wake();
  }

  /**
   * The servers do not take this identity, or we do not take theirs: it may be from before a change of root. The agent
   * enrols again over the pin, and until then goes on with what it has.
   */
  refused(reason: string): void {
    if (this.#refusal !== undefined || this.#certificate === undefined) return;
    if (this.options.clock.now() < this.#enrolledAt + RE_ENROL_MS) return;
    this.#refusal = reason;
    this.options.logger.warn('the servers refuse this identity: the agent enrols again', { reason });
    this.#task.wake();
  }

  #tryKept(kept: IdentityMaterial): void {
    try {
      requireIdentityOf(this.options, kept);
      this.#use(kept);
      this.options.logger.info('identity found', { id: this.#certificate!.uris[0] });
    } catch (error) {
      this.options.logger.warn('the stored identity is not usable: the agent enrols again', {
        reason: messageOf(error),
      });
    }
  }

  /** A clock that is wrong is said, and looked at again later: every attempt costs the server a signature. */
  async #turn(signal: AbortSignal): Promise<number> {
    try {
      return await this.#step(signal);
    } catch (error) {
      if (!isBanyanError(error, 'CLOCK_SKEW')) throw error;
      this.#failed(error);
      return SKEW_WAIT_MS;
    }
  }

  async #step(signal: AbortSignal): Promise<number> {
    const now = this.options.clock.now();
    const certificate = this.#certificate;
    if (certificate === undefined || certificate.notAfter <= now || this.#refusal !== undefined) {
      await this.#enrol(signal);
      return 0;
    }
    const keyLeaving = this.keyId !== undefined && this.#leavingKeyIds.includes(this.keyId);
    if (this.#activeRootId === this.#rootId && !keyLeaving) this.#rootChangeAt = undefined;
    const due = leafDue({
      renewAt: this.#renewAt,
      rootId: this.#rootId ?? '',
      rootGone: this.#rootGone,
      keyLeaving,
      rootTainted: this.#rootId !== undefined && this.#taintedRootIds.includes(this.#rootId),
      ...(this.#activeRootId !== undefined && { activeRootId: this.#activeRootId }),
      ...(this.#rootChangeAt !== undefined && { rootChangeAt: this.#rootChangeAt }),
      now,
    });
    if (due.kind === 'wait') return Math.min(LOOK_MS, due.until - now);
    if (due.kind === 'draw-slot') {
      this.#rootChangeAt = epochMs(now + this.options.random.fraction() * this.options.reissueSlotMs());
      return 0;
    }
    const rootId = this.#rootId;
    await this.#renew(signal);
    // A server that is behind has signed under the compromised root once more: what came is no reason to ask at once.
    return due.reason === 'taint' && this.#rootId === rootId ? BEHIND_MS : 0;
  }

  async #enrol(signal: AbortSignal): Promise<void> {
    const { addresses, datacenter, node, clock, token, logger } = this.options;
    const all = addresses();
    // In turn from a place that is drawn, so that one that is away costs one try.
    this.#turnOfServers ??= Math.floor(this.options.random.fraction() * all.length);
    const address = all[this.#turnOfServers++ % all.length]!;
    const anchor = this.options.anchor();
    const kept = this.#material;
    const contact = await meetServer({ address, datacenter, anchor, kept, clock, logger, signal });
    try {
      const key = await requestIdentity(this.options, contact.roots.trustDomain);
      const reply = await contact.enrolAgent({ token: token(), node, csrPem: key.csrPem });
      this.#accept(reply, key, anchorHashOf(anchor));
      this.#enrolledAt = clock.now();
      this.#refusal = undefined;
      logger.info('agent enrolled', { id: key.uri, server: address });
    } finally {
      contact.close();
    }
  }

  async #renew(signal: AbortSignal): Promise<void> {
    const id = this.rotating.id;
    if (id === undefined) throw new BanyanError('INTERNAL', 'there is no identity to renew');
    const key = await requestIdentity(this.options, id.trustDomain);
    try {
      this.#accept(await this.lan().renewAgent({ csrPem: key.csrPem }, { signal }), key);
      this.options.logger.info('agent certificate renewed', { id: key.uri });
    } catch (error) {
      if (!isBanyanError(error, 'PEER_UNAUTHENTICATED', 'PEER_NOT_ALLOWED')) throw error;
      this.options.logger.warn('the servers refuse this identity: the agent enrols again', { reason: error.message });
      await this.#enrol(signal);
    }
  }

  #accept(
    reply: { certificatePem: string; bundleJson: string },
    key: Pick<IdentityRequest, 'keyPem' | 'trustDomain'>,
    anchorHash = this.#material?.anchorHash,
  ): void {
    const bundle = parseBundle(reply.bundleJson);
    const presented = parseCertificates(reply.certificatePem);
    const now = this.options.clock.now();
    const { trustDomain } = key;
    const { roots: anchors, deniedKeys } = bundle;
    const verdict = verifyChain({ presented, anchors, now, trustDomain, usage: 'tls-client', deniedKeys });
    if (!verdict.ok) throw refusalOfFresh(presented[0]!, verdict, now);
    this.#use({
      chainPem: reply.certificatePem,
      keyPem: key.keyPem,
      bundlePem: bundle.bundlePem,
      deniedKeys: [...deniedKeys],
      ...(anchorHash !== undefined && { anchorHash }),
    });
    this.#activeRootId = bundle.activeRootId;
    this.#taintedRootIds = bundle.taintedRootIds;
    this.#leavingKeyIds = bundle.leavingKeyIds;
    this.#rootChangeAt = undefined;
    this.#failure = undefined;
  }

  #use(material: IdentityMaterial): void {
    this.rotating.rotate({
      certChainPem: material.chainPem,
      keyPem: new SecretText(material.keyPem),
      bundlePem: material.bundlePem,
      deniedKeys: material.deniedKeys,
    });
    if (this.#material?.chainPem !== material.chainPem) {
      const presented = parseCertificates(material.chainPem);
      this.#certificate = presented[0]!;
      this.#rootId = rootAbove(presented, parseCertificates(material.bundlePem), this.options.clock.now());
      this.#rootWasTrusted = false;
      this.#rootGone = false;
      this.#renewAt = renewalMoment(this.#certificate, this.options.random.fraction());
    }
    this.#material = material;
    this.#store(material);
  }

  /** A full disk must not cost the running agent its identity: it is kept in memory and written again at the next change. */
  #store(material: IdentityMaterial): void {
    try {
      this.options.stored.write(material);
    } catch (error) {
      this.options.logger.error('the identity could not be written: a restart will enrol again', {
        reason: messageOf(error),
      });
    }
  }

  #failed(error: unknown): void {
    const code = isBanyanError(error) ? error.code : 'INTERNAL';
    const reason = messageOf(error);
    const failure = `${code}: ${reason}`;
    if (this.#failure !== failure) this.options.logger.warn('agent identity not ready', { code, reason });
    this.#failure = failure;
  }
}
