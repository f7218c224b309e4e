import type { CaProjection, TransitionProjection } from '@banyan/ca';
import { BanyanError } from '@banyan/kernel';
import { type InactiveRoot, PresentAuthority, type PresentState } from '../ports/present-authority.js';

/** The present configuration from the CA's state in memory, and the roots before it from the records of transitions. */
export class CaPresentAuthority extends PresentAuthority {
  constructor(
    private readonly ca: CaProjection,
    private readonly records: Pick<TransitionProjection, 'transitions'>,
  ) {
    super();
  }

  override read(): PresentState {
    const { wantedRoot } = this.ca;
    if (wantedRoot === undefined) throw new BanyanError('CA_UNINITIALIZED', 'no root is known yet');
    const { provider, options, leafTtlMs } = this.ca.getConfiguration().parsed;
    return { provider, options, leafTtlMs, rootNotAfter: wantedRoot.certificate.notAfter };
  }

  override inactiveRoots(): readonly InactiveRoot[] {
    return this.ca.state.roots
      .filter(({ state }) => state === 'inactive')
      .map(({ id, taintedAt }) => ({ rootId: id, isTainted: taintedAt !== undefined }));
  }

  override remembers(rootId: string): boolean {
    return this.records.transitions.some((each) => each.kind === 'vouched' && each.from.fingerprintSha1 === rootId);
  }
}
