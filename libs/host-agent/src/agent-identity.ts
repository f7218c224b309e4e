import { leafDue, parseBundle, renewalMoment } from '@banyan/agent-cache';
import { formatSpiffeId, parseSpiffeId } from '@banyan/identity';
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
import {
  Certificate,
  createCsr,
  exportPrivateKeyPem,
  generateKeyPair,
  parseCertificates,
  verifyChain,
} from '@banyan/pki';
import { FirstContact, type LanClient, RotatingIdentity } from '@banyan/rpc';
import type { IdentityMaterial, StoredIdentity } from './stored-identity.js';

export interface AgentIdentityOptions {
  readonly datacenter: string;
  readonly node: string;
  readonly addresses: readonly string[];
  readonly token: () => SecretText;
  readonly anchor: () => { readonly pin: string } | { readonly caPem: string };
  readonly stored: StoredIdentity;
  readonly reissueSlotMs: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

const BACKOFF = { firstMs: 250, capMs: 5_000 };
const LOOK_MS = 30_000;
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
  #signsNow: string | undefined;
  #authorityChangeAt: EpochMs | undefined;
  #failure: string | undefined;
  #refusal: string | undefined;
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

  start(): void {
    const kept = this.options.stored.read();
    if (kept !== undefined) this.#tryKept(kept);
    this.#task.start();
  }

  stop(): Promise<void> {
    return this.#task.stop();
  }

  /** The bundle changed: later connections trust it, and a changed authority means a renewal within the slot. */
  trust(bundlePem: string, signingKeyId: string): void {
    this.#signsNow = signingKeyId;
    if (this.#material !== undefined && this.#material.bundlePem !== bundlePem)
      this.#use({ ...this.#material, bundlePem });
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
      this.#requireOurs(kept);
      this.#use(kept);
      this.options.logger.info('identity found', { id: this.#certificate!.uris[0] });
    } catch (error) {
      this.options.logger.warn('the stored identity is not usable: the agent enrols again', {
        reason: messageOf(error),
      });
    }
  }

  /** The data folder may have belonged to another node or datacenter. Throws `PEER_NOT_ALLOWED`. */
  #requireOurs({ chainPem }: IdentityMaterial): void {
    const { datacenter, node } = this.options;
    const id = parseSpiffeId(parseCertificates(chainPem)[0]?.uris[0] ?? '');
    if (id.kind === 'agent' && id.datacenter === datacenter && id.node === node) return;
    throw new BanyanError('PEER_NOT_ALLOWED', `it is of another node than ${node} of ${datacenter}`);
  }

  async #turn(signal: AbortSignal): Promise<number> {
    const now = this.options.clock.now();
    const certificate = this.#certificate;
    if (certificate === undefined || certificate.notAfter <= now || this.#refusal !== undefined) {
      await this.#enrol(signal);
      return 0;
    }
    const due = leafDue({
      renewAt: this.#renewAt,
      signedBy: certificate.authorityKeyId ?? '',
      ...(this.#signsNow !== undefined && { signsNow: this.#signsNow }),
      ...(this.#authorityChangeAt !== undefined && { authorityChangeAt: this.#authorityChangeAt }),
      now,
    });
    if (due.kind === 'wait') return Math.min(LOOK_MS, due.until - now);
    if (due.kind === 'draw-slot') {
      this.#authorityChangeAt = epochMs(now + this.options.random.fraction() * this.options.reissueSlotMs);
      return 0;
    }
    await this.#renew(signal);
    return 0;
  }

  async #enrol(signal: AbortSignal): Promise<void> {
    const { addresses, datacenter, node, clock, token, logger } = this.options;
    const address = addresses[Math.floor(this.options.random.fraction() * addresses.length)]!;
    const contact = await FirstContact.open({ address, datacenter, anchor: this.options.anchor(), clock, signal });
    try {
      const key = await this.#makeRequest(contact.roots.trustDomain);
      const reply = await contact.enrolAgent({ token: token(), node, csrPem: key.csrPem });
      this.#accept(reply, key);
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
    const key = await this.#makeRequest(id.trustDomain);
    try {
      this.#accept(await this.lan().renewAgent({ csrPem: key.csrPem }, { signal }), key);
      this.options.logger.info('agent certificate renewed', { id: key.uri });
    } catch (error) {
      if (!isBanyanError(error, 'PEER_UNAUTHENTICATED', 'PEER_NOT_ALLOWED')) throw error;
      this.options.logger.warn('the servers refuse this identity: the agent enrols again', { reason: error.message });
      await this.#enrol(signal);
    }
  }

  async #makeRequest(trustDomain: string) {
    const { datacenter, node } = this.options;
    const keyPair = await generateKeyPair({ type: 'ec', bits: 256 });
    const uri = formatSpiffeId({ kind: 'agent', trustDomain, datacenter, node });
    return { keyPem: exportPrivateKeyPem(keyPair.privateKey), csrPem: createCsr({ keyPair, uri }), uri, trustDomain };
  }

  #accept(
    reply: { certificatePem: string; bundleJson: string },
    key: { keyPem: string; uri: string; trustDomain: string },
  ): void {
    const bundle = parseBundle(reply.bundleJson);
    const presented = parseCertificates(reply.certificatePem);
    const verdict = verifyChain({
      presented,
      anchors: bundle.roots,
      now: this.options.clock.now(),
      trustDomain: key.trustDomain,
      usage: 'tls-client',
    });
    if (!verdict.ok) throw new BanyanError(verdict.code, `the agent's certificate is refused: ${verdict.reason}`);
    this.#use({ chainPem: reply.certificatePem, keyPem: key.keyPem, bundlePem: bundle.bundlePem });
    this.#signsNow = bundle.signingKeyId;
    this.#authorityChangeAt = undefined;
    this.#failure = undefined;
  }

  #use(material: IdentityMaterial): void {
    this.rotating.rotate({
      certChainPem: material.chainPem,
      keyPem: new SecretText(material.keyPem),
      bundlePem: material.bundlePem,
    });
    if (this.#material?.chainPem !== material.chainPem) {
      this.#certificate = parseCertificates(material.chainPem)[0]!;
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
    const reason = messageOf(error);
    if (this.#failure !== reason) {
      const code = isBanyanError(error) ? error.code : 'INTERNAL';
      this.options.logger.warn('agent identity not ready', { code, reason });
    }
    this.#failure = reason;
  }
}
