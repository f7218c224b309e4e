import { type Clock, type Logger, messageOf, SecretText, type Timer, type Timers } from '@banyan/kernel';
import { formatSpiffeId } from '@banyan/identity';
import type { CaProjection, LeafIssuer } from '@banyan/ca';
import { createCsr, exportPrivateKeyPem, generateKeyPair } from '@banyan/pki';
import { RotatingIdentity } from '@banyan/rpc';

/** What {@link ServerIdentity} needs. */
export interface ServerIdentityOptions {
  readonly datacenter: string;
  /** This server's name, for the ledger. */
  readonly node: string;
  readonly projection: CaProjection;
  readonly issuer: LeafIssuer;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
}

/** What the certificate and the trust that goes with it were made of. */
interface SignedUnder {
  readonly authorityId: string;
  readonly bundlePem: string;
  readonly deniedKeys: readonly string[];
}

/** Tried again after this long when signing our own certificate failed. */
const RETRY_MS = 1_000;
/** How often at least it is looked whether the certificate is due, whatever was scheduled: clocks are set. */
const LOOK_MS = 60_000;

/**
 * This server's own SVID, signed by its datacenter's intermediate: renewed at half life and at every change of the
 * signing authority, and handed to the gRPC edges together with the bundle, without a restart. The key lives in memory.
 */
export class ServerIdentity {
  readonly rotating = new RotatingIdentity();
  #timer: Timer | undefined;
  #signed: SignedUnder | undefined;
  #flight: Promise<void> | undefined;
  #again = false;
  #stopped = false;
  readonly #unsubscribe: () => void;

  constructor(private readonly options: ServerIdentityOptions) {
    this.#unsubscribe = options.projection.onChange(() => this.#refreshSoon());
  }

  /** Signs the first certificate if there is an authority already. */
  async start(): Promise<void> {
    this.#refreshSoon();
    await this.#flight;
  }

  stop(): void {
    this.#stopped = true;
    this.#unsubscribe();
    this.#timer?.clear();
  }

  #refreshSoon(): void {
    if (this.#stopped) return;
    if (this.#flight !== undefined) {
      this.#again = true;
      return;
    }
    this.#flight = this.#refresh()
      .catch((error: unknown) => {
        this.options.logger.warn('own certificate not renewed', { reason: messageOf(error) });
        this.#arm(RETRY_MS);
      })
      .finally(() => {
        this.#flight = undefined;
        if (!this.#again) return;
        this.#again = false;
        this.#refreshSoon();
      });
  }

  async #refresh(): Promise<void> {
    const { projection } = this.options;
    const { active, roots, trustDomain, deniedKeys: denied } = projection.state;
    if (active === undefined || trustDomain === undefined) return;
    const bundlePem = roots.map((root) => root.certificate.pem).join('');
    const deniedKeys = denied.map(({ keyFingerprint }) => keyFingerprint);
    const current = this.rotating.material;
    const sameAuthority = this.#signed?.authorityId === active.id;
    const sameTrust = this.#signed?.bundlePem === bundlePem && this.#signed.deniedKeys.join() === deniedKeys.join();
    if (current !== undefined && sameAuthority && sameTrust && !this.#due()) {
      this.#armUntilDue();
      return;
    }
    await this.#sign(trustDomain.name, { authorityId: active.id, bundlePem, deniedKeys });
  }

  async #sign(trustDomain: string, under: SignedUnder): Promise<void> {
    const { datacenter, issuer, logger } = this.options;
    const keyPair = await generateKeyPair({ type: 'ec', bits: 256 });
    const uri = formatSpiffeId({ kind: 'server', trustDomain, datacenter });
    const leaf = await issuer.issueOwn(issuer.prepare(createCsr({ keyPair, uri })), {
      accessorId: '',
      node: this.options.node,
      reason:
        this.#signed === undefined ? 'first' : this.#signed.authorityId === under.authorityId ? 'renewal' : 'rotation',
    });
    this.rotating.rotate({
      certChainPem: leaf.chainPem,
      keyPem: new SecretText(exportPrivateKeyPem(keyPair.privateKey)),
      bundlePem: under.bundlePem,
      deniedKeys: under.deniedKeys,
    });
    this.#signed = under;
    this.#dueAt = leaf.certificate.notBefore + (leaf.certificate.notAfter - leaf.certificate.notBefore) / 2;
    this.#armUntilDue();
    logger.info('own certificate signed', {
      id: uri,
      serial: leaf.certificate.serialHex,
      root: leaf.rootId,
      notAfter: new Date(leaf.certificate.notAfter).toISOString(),
    });
  }

  #dueAt = 0;

  #due(): boolean {
    return this.options.clock.now() >= this.#dueAt;
  }

  #armUntilDue(): void {
    this.#arm(Math.min(LOOK_MS, Math.max(RETRY_MS, this.#dueAt - this.options.clock.now())));
  }

  #arm(delayMs: number): void {
    this.#timer?.clear();
    // What was under way when we were stopped must not keep a process going that is closing its store.
    if (this.#stopped) return;
    this.#timer = this.options.timers.set(delayMs, () => this.#refreshSoon());
  }
}
