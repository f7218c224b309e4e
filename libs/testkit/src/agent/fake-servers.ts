import type { CarriedAnswer, CarriedRequest, ServerCalls } from '@banyan/agent-api';
import type { Caller, Role } from '@banyan/acl';
import { BanyanError, type SecretText } from '@banyan/kernel';

const away = (): BanyanError => new BanyanError('SERVER_UNREACHABLE', 'the fake servers are away');

/** The servers of a datacenter as an agent sees them: they know tokens, and answer what is carried to them. */
export class FakeServers implements ServerCalls {
  readonly carried: CarriedRequest[] = [];
  /** How often a token was asked for. */
  resolved = 0;
  /** While true, nothing is answered. */
  isAway = false;
  /** How long an answer about a token may be kept. */
  ttlMs = 10_000;
  /** Answers about tokens come when this has settled. */
  gate: Promise<void> | undefined;
  /** Answers what is carried; replace it at will. */
  onForward: (request: CarriedRequest) => CarriedAnswer | Promise<CarriedAnswer> = () => ({
    status: 404,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    body: Buffer.from('Unknown path: no such API endpoint'),
  });
  readonly #tokens = new Map<string, Caller>();

  /** Makes a token known; without a role it is withdrawn. */
  grant(secret: string, role?: Role): void {
    if (role === undefined) this.#tokens.delete(secret);
    else this.#tokens.set(secret, { accessorId: `accessor-of-${secret}`, role, description: secret });
  }

  async forward(request: CarriedRequest): Promise<CarriedAnswer> {
    await Promise.resolve();
    if (this.isAway) throw away();
    this.carried.push(request);
    return this.onForward(request);
  }

  async resolveToken(secret: SecretText): Promise<{ readonly caller: Caller; readonly ttlMs: number }> {
    this.resolved += 1;
    await this.gate;
    if (this.isAway) throw away();
    const caller = this.#tokens.get(secret.reveal());
    if (caller === undefined) throw new BanyanError('ACL_NOT_FOUND', 'ACL not found');
    return { caller, ttlMs: this.ttlMs };
  }
}
