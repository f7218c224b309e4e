import type { LeafSigner, SignedLeaf } from '@banyan/agent-cache';
import { type BanyanError, type Clock, HOUR, type SecretText, SystemClock } from '@banyan/kernel';
import type { TestAuthority } from '../mesh/test-authority.js';

/** Signs with a real authority; replace the authority to rotate, set a failure to refuse. */
export class FakeLeafSigner implements LeafSigner {
  /** The token of every request, in turn. */
  readonly asked: (string | undefined)[] = [];
  failure: BanyanError | undefined;
  lifetimeMs: number = HOUR;
  #index = 100;

  constructor(
    public authority: TestAuthority,
    private readonly clock: Clock = new SystemClock(),
  ) {}

  async sign({ csrPem, token }: { csrPem: string; token: SecretText | undefined }): Promise<SignedLeaf> {
    this.asked.push(token?.reveal());
    if (this.failure !== undefined) throw this.failure;
    this.#index += 1;
    const signing = { lifetimeMs: this.lifetimeMs, now: this.clock.now() };
    return { chainPem: await this.authority.sign(csrPem, signing), index: this.#index };
  }
}
