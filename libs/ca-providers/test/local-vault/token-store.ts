import { randomBytes } from 'node:crypto';
import type { Clock } from '@banyan/kernel';

interface Token {
  readonly policies: readonly string[];
  readonly renewable: boolean;
  /** The login method it came from. */
  readonly mount: string;
  /** Milliseconds; 0 is without end. */
  readonly ttlMs: number;
  readonly maxEndsAt: number;
  endsAt: number;
}

export type Policies = ReadonlyMap<string, Readonly<Record<string, { readonly capabilities: readonly string[] }>>>;

const UNITS: Readonly<Record<string, number>> = { '': 1_000, s: 1_000, m: 60_000, h: 3_600_000 };

/** `10s`, `5m`, `1h`, or seconds. */
export const milliseconds = (text: unknown): number => {
  const [, count = '0', unit = ''] =
    /^(\d+)([smh]?)$/.exec(typeof text === 'string' || typeof text === 'number' ? `${text}` : '0') ?? [];
  return Number(count) * (UNITS[unit] ?? 0);
};

/** Tokens with their policies, lives and ends. */
export class TokenStore {
  readonly #tokens = new Map<string, Token>();
  readonly #policies = new Map<string, Readonly<Record<string, { readonly capabilities: readonly string[] }>>>();

  constructor(
    private readonly clock: Clock,
    readonly root: string,
  ) {
    this.#tokens.set(root, {
      policies: ['root'],
      mount: '',
      renewable: false,
      ttlMs: 0,
      maxEndsAt: Infinity,
      endsAt: Infinity,
    });
  }

  setPolicy(name: string, document: string): void {
    this.#policies.set(name, (JSON.parse(document) as { path: Record<string, { capabilities: string[] }> }).path);
  }

  create(settings: Readonly<Record<string, unknown>>, mount = 'token') {
    const ttlMs = milliseconds(settings['ttl'] ?? settings['token_ttl']) || 768 * 3_600_000;
    const maxMs = milliseconds(settings['explicit_max_ttl'] ?? settings['token_max_ttl']) || Infinity;
    const now = this.clock.now();
    const id = `hvs.${randomBytes(24).toString('base64url')}`;
    const policies = (settings['policies'] ?? settings['token_policies'] ?? []) as string[];
    const renewable = settings['renewable'] !== false;
    const token = { policies, renewable, mount, ttlMs, maxEndsAt: now + maxMs, endsAt: now + Math.min(ttlMs, maxMs) };
    this.#tokens.set(id, token);
    return this.#auth(id, token);
  }

  /** Undefined for a token that has ended. */
  find(id: string | undefined): Token | undefined {
    const token = id === undefined ? undefined : this.#tokens.get(id);
    return token !== undefined && token.endsAt > this.clock.now() ? token : undefined;
  }

  secondsLeft(token: Token): number {
    return token.endsAt === Infinity ? 0 : Math.round((token.endsAt - this.clock.now()) / 1_000);
  }

  renew(id: string, token: Token) {
    token.endsAt = Math.min(this.clock.now() + token.ttlMs, token.maxEndsAt);
    return this.#auth(id, token);
  }

  revoke(id: string): void {
    this.#tokens.delete(id);
  }

  revokeOf(mount: string): void {
    for (const [id, token] of this.#tokens) if (token.mount === mount) this.#tokens.delete(id);
  }

  /** Whether the token's policies allow a capability at a path; `+` stands for one segment. */
  allows(token: Token, path: string, capability: string): boolean {
    if (token.policies.includes('root')) return true;
    return token.policies.some((name) =>
      Object.entries(this.#policies.get(name) ?? {}).some(([pattern, { capabilities }]) => {
        const expression = pattern.replaceAll('+', '[^/]+').replaceAll('*', '.*');
        return new RegExp(`^${expression}$`).test(path) && capabilities.includes(capability);
      }),
    );
  }

  #auth(id: string, token: Token) {
    return {
      client_token: id,
      accessor: randomBytes(12).toString('base64url'),
      policies: token.policies,
      lease_duration: this.secondsLeft(token),
      renewable: token.renewable,
      token_type: 'service',
      orphan: false,
      metadata: null,
    };
  }
}
