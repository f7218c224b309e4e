import {
  BackgroundTask,
  BanyanError,
  epochMs,
  type EpochMs,
  isBanyanError,
  messageOf,
  type SecretText,
} from '@banyan/kernel';
import { formatSpiffeId } from '@banyan/identity';
import {
  Certificate,
  createCsr,
  exportPrivateKeyPem,
  generateKeyPair,
  parseCertificates,
  verifyChain,
} from '@banyan/pki';
import { leafDue, renewalMoment } from '../domain/renewal-schedule.js';
import type { LeafSigner } from '../ports/leaf-signer.js';
import type { BundleEntry } from './bundle-entry.js';
import { Waiters } from './waiters.js';
import type { CacheTools } from './watched-entry.js';

export interface LeafEntryOptions extends CacheTools {
  readonly datacenter: string;
  readonly service: string;
  readonly token: SecretText | undefined;
  readonly signer: LeafSigner;
  readonly bundle: BundleEntry;
  /** After a change of authority, leaves are renewed at a moment drawn once within so many ms. */
  readonly reissueSlotMs: number;
}

/** A leaf with its key, as the workload gets it. */
export interface Leaf {
  readonly index: number;
  readonly chainPem: string;
  readonly privateKeyPem: string;
  readonly uri: string;
  readonly certificate: Certificate;
  /** SHA-1 fingerprint of the root that stood above it when it was signed. */
  readonly rootId: string;
  readonly renewAt: EpochMs;
}

const BACKOFF = { firstMs: 200, capMs: 5_000 };
const FIRST_LEAF_LIMIT_MS = 10_000;
/** How often at least the situation is looked at, whatever was scheduled: clocks jump. */
const LOOK_MS = 60_000;

/**
 * One service's leaf: the key is made here and leaves only to the workload. Renewed at a moment drawn once, or within the
 * slot when the authority changed; until a renewal has succeeded and verified, the present pair keeps serving.
 */
export class LeafEntry {
  readonly #task: BackgroundTask;
  readonly #waiters: Waiters;
  readonly #unsubscribe: () => void;
  #leaf: Leaf | undefined;
  #failure: BanyanError | undefined;
  #authorityChangeAt: EpochMs | undefined;
  #stopped = false;
  lastUsedAt: EpochMs;

  constructor(private readonly options: LeafEntryOptions) {
    this.#waiters = new Waiters(options.timers);
    this.lastUsedAt = options.clock.now();
    this.#task = new BackgroundTask({
      ...options,
      backoff: BACKOFF,
      turn: () => this.#turn(),
      onFailure: (error, failures) => this.#failed(error, failures),
    });
    this.#unsubscribe = options.bundle.onChange(() => this.#task.wake());
  }

  get service(): string {
    return this.options.service;
  }

  get current(): Leaf | undefined {
    return this.#leaf;
  }

  start(): void {
    this.#task.start();
  }

  /** Ends every wait: readers get what there is. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unsubscribe();
    await this.#task.stop();
    this.#waiters.wakeAll();
  }

  /**
   * The leaf, newer than `minIndex` if that comes within `waitMs`. Never an expired one: then the reason why it was not
   * renewed is thrown, or `SERVER_UNREACHABLE`.
   */
  async read(o: { minIndex: number; waitMs: number; signal: AbortSignal }): Promise<Leaf> {
    this.lastUsedAt = this.options.clock.now();
    const usable = (): Leaf | undefined =>
      this.#leaf !== undefined && this.#leaf.certificate.notAfter > this.options.clock.now() ? this.#leaf : undefined;
    const hadLeaf = usable() !== undefined;
    const enough = (): boolean =>
      this.#stopped || (usable()?.index ?? 0) > o.minIndex || (usable() === undefined && this.#failure !== undefined);
    if (!enough()) {
      if (!hadLeaf) this.#task.wake();
      await this.#waiters.until(enough, { limitMs: hadLeaf ? o.waitMs : FIRST_LEAF_LIMIT_MS, signal: o.signal });
    }
    const leaf = usable();
    if (leaf !== undefined) return leaf;
    throw (
      this.#failure ??
      new BanyanError('SERVER_UNREACHABLE', `no server signed a certificate for ${this.options.service} in time`)
    );
  }

  async #turn(): Promise<number> {
    const now = this.options.clock.now();
    const leaf = this.#leaf;
    const trust = this.options.bundle.current;
    // Not a failure yet: the first roots are on their way, and wake us.
    if (trust === undefined) return LOOK_MS;
    if (leaf === undefined) return this.#signOrWait();
    const signsNow = trust.signingKeyId;
    if (signsNow === leaf.certificate.authorityKeyId) this.#authorityChangeAt = undefined;
    const due = leafDue({
      renewAt: leaf.renewAt,
      signedBy: leaf.certificate.authorityKeyId ?? '',
      signsNow,
      ...(this.#authorityChangeAt !== undefined && { authorityChangeAt: this.#authorityChangeAt }),
      now,
    });
    if (due.kind === 'wait') return Math.min(LOOK_MS, due.until - now);
    if (due.kind === 'draw-slot') {
      this.#authorityChangeAt = epochMs(now + this.options.random.fraction() * this.options.reissueSlotMs);
      return 0;
    }
    this.options.logger.info('leaf renewal', { service: this.options.service, reason: due.reason });
    return this.#signOrWait();
  }

  /** A refusal for rate is no failure: the server said when to come back. */
  async #signOrWait(): Promise<number> {
    try {
      await this.#sign();
      return 0;
    } catch (error) {
      if (!isBanyanError(error, 'CSR_RATE_LIMITED') || this.#leaf === undefined) throw error;
      return Number(error.fields['retryAfterMs'] ?? LOOK_MS);
    }
  }

  async #sign(): Promise<void> {
    const { bundle, datacenter, service, signer, token, random, clock, logger } = this.options;
    const trust = bundle.current;
    if (trust === undefined)
      throw new BanyanError('SERVER_UNREACHABLE', 'the roots of the datacenter are not known yet');
    const keyPair = await generateKeyPair({ type: 'ec', bits: 256 });
    const uri = formatSpiffeId({
      kind: 'service',
      trustDomain: trust.trustDomain,
      namespace: 'default',
      datacenter,
      service,
    });
    const signed = await signer.sign({ csrPem: createCsr({ keyPair, uri }), token });
    const presented = parseCertificates(signed.chainPem);
    const certificate = presented[0];
    if (certificate === undefined || !certificate.publicKey.equals(keyPair.publicKey) || certificate.uris[0] !== uri) {
      throw new BanyanError('KEY_MISMATCH', 'the server signed another certificate than the one asked for');
    }
    const { roots } = bundle.current ?? trust;
    const verdict = verifyChain({
      presented,
      anchors: roots,
      now: clock.now(),
      trustDomain: trust.trustDomain,
      usage: 'tls-server',
    });
    if (!verdict.ok) throw new BanyanError(verdict.code, `the signed certificate is refused: ${verdict.reason}`);
    this.#leaf = {
      index: Math.max(signed.index, (this.#leaf?.index ?? 0) + 1),
      chainPem: signed.chainPem,
      privateKeyPem: exportPrivateKeyPem(keyPair.privateKey),
      uri,
      certificate,
      rootId: verdict.path.at(-1)!.fingerprintSha1,
      renewAt: renewalMoment(certificate, random.fraction()),
    };
    this.#authorityChangeAt = undefined;
    this.#failure = undefined;
    this.#waiters.wakeAll();
    logger.info('leaf issued', {
      service,
      serial: certificate.serialHex,
      notAfter: new Date(certificate.notAfter).toISOString(),
      renewAt: new Date(this.#leaf.renewAt).toISOString(),
    });
  }

  #failed(error: unknown, failures: number): void {
    const failure = isBanyanError(error) ? error : new BanyanError('INTERNAL', messageOf(error), { cause: error });
    if (failures === 1 || failure.code !== this.#failure?.code) {
      this.options.logger.warn('leaf not renewed', {
        service: this.options.service,
        code: failure.code,
        reason: failure.message,
      });
    }
    this.#failure = failure;
    this.#waiters.wakeAll();
  }
}
