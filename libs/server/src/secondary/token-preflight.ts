import { BackgroundTask, BanyanError, type EpochMs, messageOf, parsedJson, type SecretText } from '@banyan/kernel';
import type { ScopeCheck } from '@banyan/http-api';
import type { HttpReply } from '@banyan/rpc';
import { z } from 'zod';
import type { DatacenterCore } from '../core/datacenter-core.js';
import type { PrimaryLink } from './primary-link.js';

/** A scope that is taken away is seen within this, and at once when the token is another one. */
const CHECK_MS = 10_000;
/** Whoever gives a token waits so long for the primary's word. */
const ASK_MS = 5_000;
const SCOPES = ['replication:read', 'ca:sign-intermediate'] as const;

const answerSchema = z.object({
  AccessorID: z.string().max(64),
  IsWider: z.boolean(),
  Scopes: z
    .array(
      z.object({
        Scope: z.string().max(64),
        Datacenter: z.string().max(64),
        Allowed: z.boolean(),
        Reason: z.string().max(4_096),
      }),
    )
    .max(16),
});

/** What the primary last said of our token. */
export interface PreflightResult {
  readonly accessorId: string;
  readonly isWider: boolean;
  readonly scopes: readonly ScopeCheck[];
  readonly checkedAt: EpochMs;
}

/** Tries every scope of the replication token at the primary, without using it: a lack is seen before it hurts. */
export class TokenPreflight {
  readonly #task: BackgroundTask;
  #result: PreflightResult | undefined;

  constructor(
    private readonly core: DatacenterCore,
    private readonly link: PrimaryLink,
  ) {
    const { ambient } = core;
    this.#task = new BackgroundTask({
      ...ambient,
      backoff: { firstMs: 500, capMs: CHECK_MS },
      turn: (signal) => this.#turn(signal),
      onFailure: (error) => ambient.logger.debug('replication token not checked', { reason: messageOf(error) }),
    });
  }

  get result(): PreflightResult | undefined {
    return this.#result;
  }

  start(): void {
    this.#task.start();
  }

  wake(): void {
    this.#task.wake();
  }

  stop(): Promise<void> {
    return this.#task.stop();
  }

  /** What the primary says that a token may do; nothing is kept of it. Throws when it cannot be asked. */
  async ask(secret: SecretText, signal?: AbortSignal): Promise<PreflightResult> {
    const path = `/v1/replication/scopes?for=${encodeURIComponent(this.core.datacenter)}`;
    const headers = { 'x-consul-token': secret.reveal() };
    const limits = { deadlineMs: ASK_MS, ...(signal !== undefined && { signal }) };
    return this.#read(await this.link.wan.forward({ method: 'GET', path, headers, body: Buffer.alloc(0) }, limits));
  }

  async #turn(signal: AbortSignal): Promise<number> {
    const { core, link } = this;
    if (core.fence() === undefined || core.identity.rotating.material === undefined) return 500;
    const { secret } = await link.token();
    const previous = this.#result;
    this.#result = await this.ask(secret, signal);
    const missing = this.#result.scopes.filter((check) => !check.allowed);
    if (missing.length > 0 && previous?.scopes.every((check) => check.allowed) !== false) {
      core.ambient.logger.warn('NOT_PERMITTED: the replication token lacks what this datacenter needs', {
        missing: missing.map((check) => check.scope).join(', '),
        reason: missing[0]!.reason,
      });
    }
    return CHECK_MS;
  }

  #read(reply: HttpReply): PreflightResult {
    const checkedAt = this.core.ambient.clock.now();
    const text = Buffer.from(reply.body).toString('utf8');
    if (reply.status === 403) {
      const refused = { datacenter: this.core.datacenter, allowed: false, reason: text.slice(0, 1_000) };
      return { accessorId: '', isWider: false, checkedAt, scopes: SCOPES.map((scope) => ({ ...refused, scope })) };
    }
    const parsed = reply.status === 200 ? answerSchema.safeParse(parsedJson(text)) : undefined;
    if (parsed?.success !== true) {
      throw new BanyanError(
        'VERSION_MISMATCH',
        `the primary does not tell what a token may do (status ${reply.status})`,
      );
    }
    return {
      accessorId: parsed.data.AccessorID,
      isWider: parsed.data.IsWider,
      checkedAt,
      scopes: parsed.data.Scopes.map(({ Scope, Datacenter, Allowed, Reason }) => ({
        scope: Scope,
        datacenter: Datacenter,
        allowed: Allowed,
        reason: Reason,
      })),
    };
  }
}
