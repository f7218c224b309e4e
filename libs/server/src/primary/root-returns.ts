import { judgeReturnedRoots, type ReturnedRoot } from '@banyan/ca';
import type { ReplicationAlarm } from '@banyan/http-api';
import { BanyanError, contentHash, type JsonValue } from '@banyan/kernel';
import type { DatacenterCore } from '../core/datacenter-core.js';

/** Under this name unproven roots are confirmed, beside the streams of a secondary. */
export const RETURNED_ROOTS = 'returned-roots';

/**
 * Roots that the secondaries know and a restored primary has lost. Only after a restore was noticed, and only by proof, or
 * by a person, one becomes a part of the bundle again: never active, since its key is gone.
 */
export class RootReturns {
  #unproven: { readonly hash: string; readonly roots: readonly ReturnedRoot[]; readonly from: string } | undefined;
  #alarm: ReplicationAlarm | undefined;

  constructor(private readonly core: DatacenterCore) {}

  /** What waits for a person, and what was taken back since this server started. */
  get alarm(): ReplicationAlarm | undefined {
    return this.#alarm;
  }

  /** Looks at what a secondary offers. */
  async consider(datacenter: string, offered: readonly JsonValue[]): Promise<void> {
    const { store, ca, ambient } = this.core;
    if (offered.length === 0 || (await store.historyReason()) !== 'restored') return;
    const now = ambient.clock.now();
    const trustDomain = ca.getTrustDomain().name;
    const roots = judgeReturnedRoots({ bundle: ca.state.roots, trustDomain, offered, now });
    await this.#takeBack(
      roots.filter((root) => root.objection === undefined),
      datacenter,
    );
    const unproven = roots.filter((root) => root.objection !== undefined);
    if (unproven.length === 0) return;
    const hash = contentHash([RETURNED_ROOTS, ...unproven.map((root) => root.fingerprint)]);
    if (this.#unproven?.hash === hash) return;
    this.#unproven = { hash, roots: unproven, from: datacenter };
    const [first] = unproven;
    const reason =
      `${datacenter} knows root ${first!.fingerprint} of generation ${first!.generation}, which is not here: ` +
      `${first!.objection}. Compare its fingerprint, then confirm with PUT /v1/replication/${RETURNED_ROOTS}/confirm {"Hash":"${hash}"}`;
    this.#raise('ROOT_UNPROVEN', reason);
  }

  /** Takes back what a person has compared. Throws `REPLICATION_DIFF_STALE`. */
  async confirm(hash: string): Promise<number> {
    const pending = this.#unproven;
    if (pending?.hash !== hash) {
      throw new BanyanError('REPLICATION_DIFF_STALE', 'no root with this hash waits to be taken back');
    }
    await this.#takeBack(pending.roots, pending.from);
    this.#unproven = undefined;
    return pending.roots.length;
  }

  async #takeBack(roots: readonly ReturnedRoot[], datacenter: string): Promise<void> {
    if (roots.length === 0) return;
    const { store, follower } = this.core;
    const { index } = await store.run(async (tx) => {
      for (const root of roots) await root.takeBack(tx);
    });
    await follower.reached(index, { limitMs: 10_000 });
    const names = roots.map((root) => `${root.fingerprint} (generation ${root.generation})`).join(', ');
    this.#raise(
      'HISTORY_RESTORED',
      `roots that this primary had lost are trusted again, as ${datacenter} knows them: ${names}`,
    );
  }

  #raise(code: ReplicationAlarm['code'], reason: string): void {
    const { clock, logger } = this.core.ambient;
    this.#alarm = { code, reason, at: clock.now() };
    logger.error(code, { reason });
  }
}
