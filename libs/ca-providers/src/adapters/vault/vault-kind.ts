import { createHash } from 'node:crypto';
import type { PreflightRequest, PreflightStep, RootProvider, RootProviderKind } from '@banyan/ca';
import { canonicalJson, type JsonValue } from '@banyan/kernel';
import { ownOptionsOf } from '@banyan/ca';
import {
  parseVaultOptions,
  VAULT_IDENTITY_NAMES,
  VAULT_OPTION_NAMES,
  VAULT_SECRET_NAMES,
  type VaultOptions,
} from '../../domain/vault-options.js';
import { preflight } from '../preflight.js';
import type { ProviderSurroundings } from '../provider-surroundings.js';
import { VaultProvider } from './vault-provider.js';
import { VaultSession } from './vault-session.js';

/**
 * `vault`: roots in the PKI secrets engine of Vault or OpenBao. Providers of equal options share one session, which keeps
 * its token alive until `stop`.
 */
export class VaultKind implements RootProviderKind {
  readonly name = 'vault';
  readonly optionNames = VAULT_OPTION_NAMES;
  readonly secretNames = VAULT_SECRET_NAMES;
  readonly identityNames = VAULT_IDENTITY_NAMES;
  readonly #sessions = new Map<string, VaultSession>();

  constructor(private readonly surroundings: ProviderSurroundings) {}

  open(options: Readonly<Record<string, unknown>>): RootProvider {
    const parsed = parseVaultOptions(options);
    const key = keyOf(options);
    return new VaultProvider(parsed, () => this.#session(parsed, key));
  }

  async preflight(
    options: Readonly<Record<string, unknown>>,
    request: PreflightRequest,
    signal: AbortSignal,
  ): Promise<readonly PreflightStep[]> {
    return preflight(this.open(options), request, signal);
  }

  /** Ends the renewal of tokens. */
  async stop(): Promise<void> {
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    await Promise.all(sessions.map(async (session) => session.stop()));
  }

  #session(options: VaultOptions, key: string): VaultSession {
    const existing = this.#sessions.get(key);
    if (existing !== undefined) return existing;
    if (options.connection.skipVerify) {
      this.surroundings.logger.warn('TLSSkipVerify is set: whoever answers at this address is taken for Vault', {
        host: options.connection.address.host,
      });
    }
    const session: VaultSession = new VaultSession({ ...this.surroundings, options }, () => {
      if (this.#sessions.get(key) === session) this.#sessions.delete(key);
      void session.stop();
    });
    this.#sessions.set(key, session);
    return session;
  }
}

/** Stands for the options with their secrets, and tells nothing of them. */
const keyOf = (options: Readonly<Record<string, unknown>>): string =>
  createHash('sha256')
    .update(canonicalJson(ownOptionsOf(VAULT_OPTION_NAMES, options) as JsonValue))
    .digest('base64url');
