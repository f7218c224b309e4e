import { type Caller, requirePermission } from '@banyan/acl';
import type { AgentCache, WatchedEntry } from '@banyan/agent-cache';
import type { Clock, SecretText } from '@banyan/kernel';
import type { IntentionIndex, Verdict } from '@banyan/intentions';
import { parseAuthorizeRequest } from '../domain/authorize-request.js';
import { matchPath } from '../domain/match-path.js';
import type { AgentSettings } from '../ports/agent-settings.js';
import { AuthorizeMeter } from '../ports/authorize-meter.js';
import { readIntentions } from './intention-answer.js';
import type { TokenCache } from './token-cache.js';

export interface AuthorizerParts {
  readonly cache: AgentCache;
  readonly tokens: TokenCache;
  readonly settings: AgentSettings;
  readonly clock: Clock;
  /** Told of every decision; without one nobody is. */
  readonly meter?: AuthorizeMeter;
}

/** The answer to `authorize`: its JSON, and how fresh what it rests on is. */
export interface Authorized {
  readonly json: string;
  readonly verdict: Verdict;
  readonly hit: boolean;
  readonly ageSeconds: number;
}

/**
 * Decides whether a connection may be made, from memory: token, intentions and verdict. Synchronous once token and
 * intentions are there; a first question about a destination waits for the servers.
 */
export class Authorizer {
  /** The decisions of an entry's value, compiled once; they go when the value goes. */
  readonly #compiled = new WeakMap<Buffer, IntentionIndex>();
  readonly #serialized = new WeakMap<Verdict, string>();

  constructor(private readonly parts: AuthorizerParts) {}

  /** Throws, or rejects with, what the request is refused for: `REQUEST_INVALID`, `CONNECT_ID_INVALID`, `PERMISSION_DENIED`, … */
  answer(
    token: SecretText | undefined,
    body: Uint8Array | undefined,
    signal: () => AbortSignal,
  ): Authorized | Promise<Authorized> {
    const { meter } = this.parts;
    return meter === undefined
      ? this.#answer(token, body, signal)
      : metered(meter, () => this.#answer(token, body, signal));
  }

  #answer(
    token: SecretText | undefined,
    body: Uint8Array | undefined,
    signal: () => AbortSignal,
  ): Authorized | Promise<Authorized> {
    const { target, source } = parseAuthorizeRequest(body);
    const caller = this.parts.tokens.resolve(token);
    if (caller instanceof Promise) {
      return caller.then((resolved) => this.#for({ caller: resolved, token, target, source: source.service }, signal));
    }
    return this.#for({ caller, token, target, source: source.service }, signal);
  }

  #for(
    ask: { caller: Caller; token: SecretText | undefined; target: string; source: string },
    signal: () => AbortSignal,
  ): Authorized | Promise<Authorized> {
    requirePermission(ask.caller, { resource: 'service', access: 'write', name: ask.target });
    const { entry, hit } = this.parts.cache.entry({ path: matchPath(ask.target), token: ask.token });
    const value = entry.current;
    entry.lastUsedAt = this.parts.clock.now();
    if (value !== undefined) return this.#decided(entry, { ...ask, body: value.body, hit });
    // Waits for the servers as long as any first read does.
    return entry
      .read({ minIndex: 0, waitMs: 0, signal: signal() })
      .then((read) => this.#decided(entry, { ...ask, body: read.value.body, hit }));
  }

  #decided(entry: WatchedEntry, o: { body: Buffer; target: string; source: string; hit: boolean }): Authorized {
    const verdict = this.#decisions(o.target, o.body).decide({
      source: o.source,
      destination: o.target,
      defaultAction: this.parts.settings.defaultAction(),
    });
    return { json: this.#json(verdict), verdict, hit: o.hit, ageSeconds: entry.ageSeconds };
  }

  #decisions(target: string, body: Buffer): IntentionIndex {
    const compiled = this.#compiled.get(body);
    if (compiled !== undefined) return compiled;
    const index = readIntentions(body, target);
    this.#compiled.set(body, index);
    return index;
  }

  #json(verdict: Verdict): string {
    const known = this.#serialized.get(verdict);
    if (known !== undefined) return known;
    const json = JSON.stringify({ Authorized: verdict.allowed, Reason: verdict.reason });
    this.#serialized.set(verdict, json);
    return json;
  }
}

/** Tells the meter of the outcome, and how long it took. */
const metered = (
  meter: AuthorizeMeter,
  decide: () => Authorized | Promise<Authorized>,
): Authorized | Promise<Authorized> => {
  const beganAt = performance.now();
  const decided = (authorized: Authorized): Authorized => {
    meter.decided(authorized.verdict, performance.now() - beganAt);
    return authorized;
  };
  const refused = (error: unknown): never => {
    meter.refused(error);
    throw error;
  };
  try {
    const answer = decide();
    return answer instanceof Promise ? answer.then(decided, refused) : decided(answer);
  } catch (error) {
    return refused(error);
  }
};
