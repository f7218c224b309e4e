import { BanyanError, type Clock, type EpochMs, HOUR, type Logger, type Random } from '@banyan/kernel';
import { formatSpiffeId } from '@banyan/identity';
import {
  Certificate,
  createCsr,
  exportPrivateKeyPem,
  generateKeyPair,
  importPrivateKeyPem,
  type KeyPair,
  type KeySpec,
  parseCsr,
} from '@banyan/pki';
import type { Fence, KeyEncryption, Store, Transaction } from '@banyan/store';
import { inSpan } from '@banyan/telemetry';
import type { ChangeFollower } from '@banyan/watch';
import { In } from 'typeorm';
import type { DeniedKey } from '../domain/denied-key.js';
import { intermediateNeed, sameKeySpec } from '../domain/intermediate-need.js';
import type { IntermediateIssuer } from '../ports/intermediate-issuer.js';
import type { SigningOrder, SigningOrders } from '../ports/signing-orders.js';
import { deleteSigningAuthority, type SigningAuthorityContent, writeSigningAuthority } from './authority-writes.js';
import { keySpecOf, type RootRecord } from '../domain/root-record.js';
import { type CaProjection, signingKeyContext } from './ca-projection.js';
import { SigningAuthorityRow } from './ca-rows.js';
import { proveIntermediate } from './intermediate-proof.js';

/** What {@link SigningAuthority} needs. */
export interface SigningAuthorityOptions {
  readonly datacenter: string;
  readonly store: Store;
  readonly follower: ChangeFollower;
  readonly projection: CaProjection;
  readonly keys: KeyEncryption;
  readonly issuer: IntermediateIssuer;
  /** Absent: nobody asks for another key. */
  readonly orders?: SigningOrders;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** How long a write may take to come back through the change feed before something is wrong. */
const CATCH_UP_LIMIT_MS = 10_000;

/** A replica that lags may still sign with an authority just retired, and must find its row; an hour is ample. */
const FORGET_AFTER_MS = HOUR;

interface Pending {
  readonly row: SigningAuthorityContent;
  readonly keyPair: KeyPair;
}

/**
 * The datacenter's own intermediate, from vacant through pending to active. Each step is persisted before it has an
 * effect, so that a crash resumes: the pending key and CSR outlive us, and the active pair is replaced only by a verified
 * (key, certificate) pair in one transaction.
 */
export class SigningAuthority {
  constructor(private readonly options: SigningAuthorityOptions) {}

  /**
   * Makes the signing authority what it should be now, then gets ready for the next root. Resolves to the moment to look
   * again. Runs under the lease; `fence` proves it. Fails with the codes of {@link IntermediateIssuer}, or
   * `CA_UNINITIALIZED` without a root.
   */
  async reconcile(fence: Fence, signal: AbortSignal): Promise<EpochMs> {
    const { projection, clock, logger } = this.options;
    const wanted = projection.wantedRoot;
    if (wanted === undefined) throw new BanyanError('CA_UNINITIALIZED', 'no root is known yet');
    const order = this.options.orders?.current();
    const need = this.#need(wanted, order);
    if (need.kind === 'none') {
      await this.#forgetEnded(fence, clock.now());
      await this.#stage(fence, order, signal);
      return need.checkAgainAt;
    }
    logger.info('intermediate needed', { why: need.kind, reason: need.reason, root: wanted.id });
    const rotationId = this.#rotationInForce(order);
    if (await this.#activateStaged(fence, { rootId: wanted.id, rotationId })) return clock.now();
    const { pending, certificate } = await this.#issue(fence, wanted, signal);
    await this.#activate(fence, { ...pending.row, rootId: wanted.id, rotationId, certificatePem: certificate.pem });
    return clock.now();
  }

  /** Whose key is signed with: the ordered rotation's once it is to be active, else that of the key in use. */
  #rotationInForce(order: SigningOrder | undefined): string | null {
    return order?.activate === true ? order.rotationId : (this.options.projection.state.active?.rotationId ?? null);
  }

  #need(wanted: RootRecord, order: SigningOrder | undefined): ReturnType<typeof intermediateNeed> {
    const { projection, clock, datacenter } = this.options;
    const { active, deniedKeys } = projection.state;
    if (active !== undefined && isDenied(active.certificate, deniedKeys)) {
      return { kind: 'ordered', reason: 'the key it signs with is denied: nobody believes its leaves' };
    }
    if (active?.rootId === wanted.id && this.#rotationInForce(order) !== (active.rotationId ?? null)) {
      return { kind: 'ordered', reason: `rotation ${order?.rotationId} asks for another key` };
    }
    return intermediateNeed({
      ...(active && {
        active: {
          rootId: active.rootId,
          notBefore: active.certificate.notBefore,
          notAfter: active.certificate.notAfter,
        },
      }),
      wantedRootId: wanted.id,
      rootNotAfter: wanted.certificate.notAfter,
      datacenter,
      now: clock.now(),
    });
  }

  /**
   * While the next root waits, or a rotation of this datacenter's key, an intermediate is made ready for it, so that its
   * activation needs no WAN. One that nobody waits for any more goes.
   */
  async #stage(fence: Fence, order: SigningOrder | undefined, signal: AbortSignal): Promise<void> {
    const { projection, logger } = this.options;
    const { staged } = projection.state;
    const wanted = this.#toBeStaged(order);
    if (wanted === undefined) {
      const isOrphan = staged !== undefined && (staged.rotationId ?? null) !== this.#rotationInForce(order);
      if (isOrphan) await this.#commit(fence, (tx) => this.#clearStaged(tx));
      return;
    }
    const { root, rotationId, why } = wanted;
    if (staged?.rootId === root.id && (staged.rotationId ?? null) === rotationId) return;
    logger.info('intermediate needed', { why, reason: 'it is to be ready when it is asked for', root: root.id });
    const { pending, certificate } = await this.#issue(fence, root, signal);
    const row = {
      ...pending.row,
      slot: 'staged' as const,
      rootId: root.id,
      rotationId,
      certificatePem: certificate.pem,
    };
    await this.#commit(fence, async (tx) => {
      await this.#clearStaged(tx);
      tx.stage(writeSigningAuthority(row));
    });
    logger.info('intermediate staged', { root: root.id, fingerprint: certificate.fingerprintSha256 });
  }

  /** What is ordered comes first: it is over in seconds, and a key in wrong hands waits for nothing. */
  #toBeStaged(
    order: SigningOrder | undefined,
  ): { readonly root: RootRecord; readonly rotationId: string | null; readonly why: string } | undefined {
    const { nextRoot, wantedRoot } = this.options.projection;
    const { active } = this.options.projection.state;
    const isDue = order !== undefined && !order.activate && active?.rotationId !== order.rotationId;
    if (isDue && wantedRoot !== undefined) return { root: wantedRoot, rotationId: order.rotationId, why: 'ordered' };
    if (nextRoot === undefined) return undefined;
    return { root: nextRoot, rotationId: this.#rotationInForce(order), why: 'next-root' };
  }

  /** Makes the staged intermediate the active one, if it is what is wanted and has not ended. */
  async #activateStaged(
    fence: Fence,
    { rootId, rotationId }: { readonly rootId: string; readonly rotationId: string | null },
  ): Promise<boolean> {
    const { store, clock } = this.options;
    const row = await store.dataSource.manager.findOne(SigningAuthorityRow, { where: { slot: 'staged', rootId } });
    if (row === null || row.certificatePem === null || row.rotationId !== rotationId) return false;
    if (Certificate.fromPem(row.certificatePem).notAfter <= clock.now()) return false;
    await this.#activate(fence, row);
    return true;
  }

  async #issue(
    fence: Fence,
    root: RootRecord,
    signal: AbortSignal,
  ): Promise<{ pending: Pending; certificate: Certificate }> {
    const { datacenter, issuer } = this.options;
    const pending = await this.#pending(fence, keySpecOf(root));
    const attributes = { 'banyan.datacenter': datacenter, 'banyan.root': root.id };
    const issued = await inSpan({ name: 'intermediate.request', attributes }, () =>
      issuer.issue({ datacenter, csrPem: pending.row.csrPem, rootId: root.id }, signal),
    );
    const certificate = Certificate.fromPem(issued.certificatePem);
    await proveIntermediate(this.options, { keyPair: pending.keyPair, certificate, rootId: issued.rootId });
    if (issued.rootId !== root.id) {
      throw new BanyanError('CHAIN_ISSUER_UNKNOWN', `root ${issued.rootId} signed, ${root.id} was asked for`);
    }
    return { pending, certificate };
  }

  /** The pending key and CSR: the persisted ones while they fit, else newly made ones, persisted before they are used. */
  async #pending(fence: Fence, spec: KeySpec): Promise<Pending> {
    const { store, keys, random, clock } = this.options;
    const stored = await store.dataSource.manager.findOne(SigningAuthorityRow, { where: { slot: 'pending' } });
    if (stored?.sealedKey) {
      const keyPair = importPrivateKeyPem(keys.open(stored.sealedKey, signingKeyContext(stored.id)).toString('utf8'));
      const isRefused = isDenied(parseCsr(stored.csrPem), this.options.projection.state.deniedKeys);
      if (sameKeySpec(keyPair.spec, spec) && !isRefused) return { row: stored, keyPair };
    }
    const keyPair = await generateKeyPair(spec);
    const id = random.uuid();
    const row: SigningAuthorityContent = {
      id,
      slot: 'pending',
      rootId: null,
      sealedKey: keys.seal(exportPrivateKeyPem(keyPair.privateKey), signingKeyContext(id)),
      csrPem: createCsr({ keyPair, uri: this.#signingUri(), ca: true }),
      certificatePem: null,
      leafHorizon: null,
      rotationId: null,
      createdAt: clock.now(),
    };
    await this.#commit(fence, (tx) => {
      if (stored !== null) tx.stage(deleteSigningAuthority(stored.id));
      tx.stage(writeSigningAuthority(row));
    });
    return { row, keyPair };
  }

  async #activate(fence: Fence, row: SigningAuthorityContent): Promise<void> {
    await this.#commit(fence, async (tx) => {
      const current = await tx.manager.findOne(SigningAuthorityRow, {
        where: { slot: 'active' },
        lock: { mode: 'pessimistic_write' },
      });
      if (current !== null) {
        tx.stage(writeSigningAuthority(Object.assign({}, current, { slot: 'retired' as const, sealedKey: null })));
      }
      tx.stage(writeSigningAuthority({ ...row, slot: 'active' }));
    });
    const certificate = Certificate.fromPem(row.certificatePem ?? '');
    this.options.logger.info('intermediate active', {
      root: row.rootId,
      fingerprint: certificate.fingerprintSha256,
      serial: certificate.serialHex,
      notAfter: new Date(certificate.notAfter).toISOString(),
    });
  }

  async #clearStaged(tx: Transaction): Promise<void> {
    const rows = await tx.manager.find(SigningAuthorityRow, { where: { slot: 'staged' } });
    rows.forEach((row) => tx.stage(deleteSigningAuthority(row.id)));
  }

  /** Retired intermediates are remembered until the last leaf they signed has ended, staged ones while their root is there. */
  async #forgetEnded(fence: Fence, now: EpochMs): Promise<void> {
    const { store, projection } = this.options;
    const rows = await store.dataSource.manager.find(SigningAuthorityRow, {
      where: { slot: In(['retired', 'staged']) },
    });
    const known = new Set(projection.state.roots.map((root) => root.id));
    const ended = rows.filter((row) =>
      row.slot === 'staged'
        ? !known.has(row.rootId ?? '')
        : Math.max(row.leafHorizon ?? 0, row.createdAt) + FORGET_AFTER_MS < now,
    );
    if (ended.length === 0) return;
    await this.#commit(fence, (tx) => ended.forEach((row) => tx.stage(deleteSigningAuthority(row.id))));
  }

  async #commit(fence: Fence, work: (tx: Transaction) => void | Promise<void>): Promise<void> {
    const { store, follower } = this.options;
    const { index } = await store.run(async (tx) => work(tx), { fence });
    await follower.reached(index, { limitMs: CATCH_UP_LIMIT_MS });
  }

  #signingUri(): string {
    return formatSpiffeId({ kind: 'signing', trustDomain: this.options.projection.getTrustDomain().name });
  }
}

const isDenied = ({ keyFingerprint }: Pick<Certificate, 'keyFingerprint'>, denied: readonly DeniedKey[]): boolean =>
  denied.some((each) => each.keyFingerprint === keyFingerprint);
