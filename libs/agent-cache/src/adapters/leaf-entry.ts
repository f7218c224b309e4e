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
  type KeyPair,
  parseCertificates,
} from '@banyan/pki';
import type { CountedLeaf, LeafTally } from '../domain/leaf-tally.js';
import { SKEW_WAIT_MS } from '../domain/fresh-certificate.js';
import { presentedChain } from '../domain/presented-chain.js';
import type { Bundle } from '../domain/roots-answer.js';
import { comeBackMs, leafDue, renewalMoment } from '../domain/renewal-schedule.js';
import { verifiedLeaf } from '../domain/verified-leaf.js';
import type { LeafReason, LeafSigner } from '../ports/leaf-signer.js';
import type { BundleEntry } from './bundle-entry.js';
import type { SigningGate } from './signing-gate.js';
import { Waiters } from './waiters.js';
import type { CacheTools } from './watched-entry.js';

/** What {@link LeafEntry} needs. */
export interface LeafEntryOptions extends CacheTools {
  readonly datacenter: string;
  readonly service: string;
  readonly token: SecretText | undefined;
  readonly signer: LeafSigner;
  readonly bundle: BundleEntry;
  /** After a change of root, a leaf is renewed at a moment drawn once within so many ms: asked for when it is drawn. */
  readonly reissueSlotMs: () => number;
  readonly tally: LeafTally;
  readonly gate: SigningGate;
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
/** A renewal brought no other root: we or the server are behind. Asked again after this, or when the roots change. */
const BEHIND_MS = 5_000;

/**
 * One service's leaf: the key is made here and leaves only to the workload. Renewed at a moment drawn once, within the slot
 * when another root signs, at once when its root is compromised or trusted no more; until a renewal has succeeded and verified, the
 * present pair keeps serving.
 */
export class LeafEntry {
  readonly #task: BackgroundTask;
  readonly #waiters: Waiters;
  readonly #unsubscribe: () => void;
  #leaf: Leaf | undefined;
  /** As it was signed; under the present bundle some of it may lead nowhere. */
  #signedChain: readonly Certificate[] = [];
  #failure: BanyanError | undefined;
  #rootChangeAt: EpochMs | undefined;
  /** The root above the leaf was in a bundle of ours: when it is not any more, it has left. */
  #rootWasTrusted = false;
  #counted: CountedLeaf | undefined;
  #limited = false;
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
    this.#count(undefined);
    this.#setLimited(false);
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
    if (leaf === undefined) return this.#signOrWait('first');
    this.#present(leaf, presentedChain(this.#signedChain, trust.roots));
    if (leaf.certificate.notAfter <= now) this.#count(undefined);
    const keyLeaving = isUnderAny(leaf.certificate, trust.leavingKeyIds);
    if (trust.activeRootId === leaf.rootId && !keyLeaving) this.#rootChangeAt = undefined;
    const isTrusted = trust.rootIds.includes(leaf.rootId);
    this.#rootWasTrusted ||= isTrusted;
    const due = leafDue({
      renewAt: leaf.renewAt,
      rootId: leaf.rootId,
      activeRootId: trust.activeRootId,
      rootGone: this.#rootWasTrusted && !isTrusted,
      rootTainted: trust.taintedRootIds.includes(leaf.rootId),
      keyLeaving,
      ...(this.#rootChangeAt !== undefined && { rootChangeAt: this.#rootChangeAt }),
      now,
    });
    if (due.kind === 'wait') return Math.min(LOOK_MS, due.until - now);
    if (due.kind === 'draw-slot') {
      this.#rootChangeAt = epochMs(now + this.options.random.fraction() * this.options.reissueSlotMs());
      return 0;
    }
    this.options.logger.info('leaf renewal', { service: this.options.service, reason: due.reason });
    return this.#signOrWait(due.reason);
  }

  /** A refusal for rate is no failure: the server said when to come back. A clock that is wrong is looked at again later. */
  async #signOrWait(reason: LeafReason): Promise<number> {
    try {
      const isTaken = await this.options.gate.run(async () => this.#stopped || this.#sign(reason), {
        first: reason === 'first',
      });
      this.#setLimited(false);
      return isTaken ? 0 : BEHIND_MS;
    } catch (error) {
      if (isBanyanError(error, 'CLOCK_SKEW')) {
        this.#failed(error, 0);
        return SKEW_WAIT_MS;
      }
      const limited = isBanyanError(error, 'CSR_RATE_LIMITED') && this.#leaf !== undefined;
      this.#setLimited(limited);
      if (!limited) throw error;
      return comeBackMs(Number(error.fields['retryAfterMs'] ?? LOOK_MS), this.options.random.fraction());
    }
  }

  /** Whether the leaf that was signed is the one to use from now on. */
  async #sign(reason: LeafReason): Promise<boolean> {
    const { bundle, datacenter, service, signer, token } = this.options;
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
    const signed = await signer.sign({ csrPem: createCsr({ keyPair, uri }), token, reason });
    if (this.#stopped) return true;
    const verified = verifiedLeaf(signed, { keyPair, uri }, { trust: bundle.current!, now: this.options.clock.now() });
    if (reason === 'taint' && verified.rootId === this.#leaf?.rootId) {
      // A server that is behind: taken, its leaf would be asked for again at once. A failure waits its turn.
      throw new BanyanError('ROOT_TAINTED', 'the server still signs under the compromised root');
    }
    // Before the slot was drawn the root or the key was to change: a server that is behind signs as before.
    if (reason === 'rotation' && this.#isBehind(verified, trust)) return false;
    this.options.tally.issued(reason);
    this.#take({ ...verified, index: signed.index, chainPem: signed.chainPem, keyPair, uri });
    return true;
  }

  #isBehind(signed: { readonly certificate: Certificate; readonly rootId: string }, trust: Bundle): boolean {
    if (trust.activeRootId !== this.#leaf?.rootId) return signed.rootId === this.#leaf?.rootId;
    return isUnderAny(signed.certificate, trust.leavingKeyIds);
  }

  #take(leaf: Omit<Leaf, 'renewAt' | 'privateKeyPem'> & { readonly keyPair: KeyPair }): void {
    const { service, random, logger, bundle } = this.options;
    const { keyPair, certificate, rootId, uri } = leaf;
    this.#signedChain = parseCertificates(leaf.chainPem);
    const chainPem = this.#signedChain.map(({ pem }) => pem).join('');
    const index = Math.max(leaf.index, (this.#leaf?.index ?? 0) + 1);
    const renewAt = renewalMoment(certificate, random.fraction());
    const privateKeyPem = exportPrivateKeyPem(keyPair.privateKey);
    this.#leaf = { index, chainPem, privateKeyPem, uri, certificate, rootId, renewAt };
    this.#rootChangeAt = undefined;
    this.#rootWasTrusted = bundle.current?.rootIds.includes(rootId) ?? false;
    this.#failure = undefined;
    const { authorityKeyId: keyId } = certificate;
    this.#count({ rootId, notBefore: certificate.notBefore, ...(keyId !== undefined && { keyId }) });
    this.#waiters.wakeAll();
    logger.info('leaf issued', {
      service,
      serial: certificate.serialHex,
      notAfter: new Date(certificate.notAfter).toISOString(),
      renewAt: new Date(renewAt).toISOString(),
    });
  }

  /** The same leaf with the chain that the bundle asks for; readers are woken when that is another one. */
  #present(leaf: Leaf, chain: readonly Certificate[]): void {
    const chainPem = chain.map(({ pem }) => pem).join('');
    if (chainPem === leaf.chainPem) return;
    this.#leaf = { ...leaf, chainPem, index: leaf.index + 1 };
    this.#waiters.wakeAll();
  }

  /** Replaces what the tally counts of this entry. */
  #count(next: CountedLeaf | undefined): void {
    if (next !== undefined) this.options.tally.add(next);
    if (this.#counted !== undefined) this.options.tally.remove(this.#counted);
    this.#counted = next;
  }

  #setLimited(limited: boolean): void {
    if (limited === this.#limited) return;
    this.#limited = limited;
    this.options.tally.limited(limited ? 1 : -1);
  }

  #failed(error: unknown, failures: number): void {
    const failure = isBanyanError(error) ? error : new BanyanError('INTERNAL', messageOf(error), { cause: error });
    this.options.tally.failed(failure.code);
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

/** Whether one of these keys signed it. */
const isUnderAny = ({ authorityKeyId }: Certificate, keyIds: readonly string[]): boolean =>
  authorityKeyId !== undefined && keyIds.includes(authorityKeyId);
