import type { LeafReason, LeafRequest, LeafSigner, SignedLeaf } from '@banyan/agent-cache';
import { type BanyanError, type Clock, HOUR, SystemClock } from '@banyan/kernel';
import type { Certificate } from '@banyan/pki';
import type { TestAuthority } from '../mesh/test-authority.js';

/** Signs with a real authority; replace the authority to rotate, set a failure to refuse. */
export class FakeLeafSigner implements LeafSigner {
  /** The token of every request, in turn. */
  readonly asked: (string | undefined)[] = [];
  /** The reason of every request, in turn. */
  readonly reasons: LeafReason[] = [];
  failure: BanyanError | undefined;
  /** Cross-signed certificates that follow the intermediate. */
  extra: readonly Certificate[] = [];
  lifetimeMs: number = HOUR;
  #index = 100;

  constructor(
    public authority: TestAuthority,
    private readonly clock: Clock = new SystemClock(),
  ) {}

  async sign({ csrPem, token, reason }: LeafRequest): Promise<SignedLeaf> {
    this.asked.push(token?.reveal());
    this.reasons.push(reason);
    if (this.failure !== undefined) throw this.failure;
    this.#index += 1;
    const signing = { lifetimeMs: this.lifetimeMs, now: this.clock.now(), extra: this.extra };
    const chainPem = await this.authority.sign(csrPem, signing);
    return { chainPem, index: this.#index, rootId: this.authority.root.fingerprintSha1 };
  }
}
