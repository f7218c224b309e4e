import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, SecretText, SystemClock, SystemTimers } from '@banyan/kernel';
import { VaultHttp } from '../src/adapters/vault/vault-http.js';
import type { VaultAnswer } from '../src/domain/vault-answers.js';
import { LocalVault } from './local-vault/local-vault.js';

/** What a token may do, by path as Vault's policies write them. */
export type PolicyPaths = Readonly<Record<string, readonly string[]>>;

/**
 * A Vault to test against, worked on as its administrator, by its HTTP API only: the local server and a real Vault are
 * set up with the same calls.
 */
export class VaultLab {
  readonly #http: VaultHttp;
  readonly #mounts: string[] = [];
  #names = 0;

  constructor(
    readonly address: string,
    readonly caFile: string,
    private readonly rootToken: string,
    readonly clock: Clock,
    /** Names of one run do not meet those of another on a Vault that stays. */
    private readonly run: string,
  ) {
    const connection = { address: new URL(address), caFile, skipVerify: false };
    this.#http = new VaultHttp(connection, new SystemTimers());
  }

  async admin(method: 'GET' | 'POST' | 'LIST' | 'DELETE', path: string, body?: object): Promise<VaultAnswer> {
    const call = { method, path, ...(body !== undefined && { body: body as Record<string, unknown> }) };
    const sender = { token: new SecretText(this.rootToken), namespace: '' };
    const answer = await this.#http.call(call, sender, new AbortController().signal);
    if (answer.status >= 300 && answer.status !== 404) {
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    }
    return answer;
  }

  /** A fresh mount of the PKI engine. */
  async mount(): Promise<string> {
    const path = this.#name('pki');
    await this.admin('POST', `sys/mounts/${path}`, { type: 'pki', config: { max_lease_ttl: '87600h' } });
    this.#mounts.push(path);
    return path;
  }

  async policy(paths: PolicyPaths): Promise<string> {
    const name = this.#name('policy');
    const path = Object.fromEntries(Object.entries(paths).map(([key, capabilities]) => [key, { capabilities }]));
    await this.admin('POST', `sys/policies/acl/${name}`, { policy: JSON.stringify({ path }) });
    return name;
  }

  async token(
    paths: PolicyPaths,
    life: { ttl?: string; explicit_max_ttl?: string; renewable?: boolean } = {},
  ): Promise<string> {
    const { body } = await this.admin('POST', 'auth/token/create', { policies: [await this.policy(paths)], ...life });
    return (body as { auth: { client_token: string } }).auth.client_token;
  }

  async revoke(token: string): Promise<void> {
    await this.admin('POST', 'auth/token/revoke', { token });
  }

  /** Ends every token of a login method. */
  async revokeAll(authMount: string): Promise<void> {
    await this.admin('POST', `sys/leases/revoke-prefix/auth/${authMount}`, {});
  }

  /** An AppRole at a mount of its own. */
  async appRole(
    paths: PolicyPaths,
    settings: Record<string, unknown> = {},
  ): Promise<{ mount: string; roleId: string; secretId: string }> {
    const mount = this.#name('approle');
    await this.admin('POST', `sys/auth/${mount}`, { type: 'approle' });
    const role = `auth/${mount}/role/banyan`;
    await this.admin('POST', role, { token_policies: [await this.policy(paths)], ...settings });
    const roleId = (await this.admin('GET', `${role}/role-id`)).body as { data: { role_id: string } };
    const secretId = (await this.admin('POST', `${role}/secret-id`, {})).body as { data: { secret_id: string } };
    return { mount, roleId: roleId.data.role_id, secretId: secretId.data.secret_id };
  }

  async close(): Promise<void> {
    for (const mount of this.#mounts) await this.admin('DELETE', `sys/mounts/${mount}`);
  }

  #name(kind: string): string {
    this.#names += 1;
    return `banyan-${kind}-${this.run}-${this.#names}`;
  }
}

/** What banyan needs in a mount: the policy of docs/how-to/ca-providers.md. */
export const policyFor = (mount: string): PolicyPaths => ({
  [`${mount}/issuers`]: ['list'],
  [`${mount}/issuers/generate/root/internal`]: ['create', 'update'],
  [`${mount}/issuer/+`]: ['read', 'delete'],
  [`${mount}/issuer/+/sign-intermediate`]: ['create', 'update'],
  [`${mount}/issuer/+/sign-self-issued`]: ['create', 'update', 'sudo'],
  [`${mount}/key/+`]: ['delete'],
});

const { BANYAN_TEST_VAULT_ADDR: address, BANYAN_TEST_VAULT_TOKEN: token, BANYAN_TEST_VAULT_CACERT: ca } = process.env;

/** The real Vault of BANYAN_TEST_VAULT_ADDR, with _TOKEN (root) and _CACERT (a file); undefined when it is not set. */
export const realVault =
  address === undefined
    ? undefined
    : (): VaultLab => new VaultLab(address, ca ?? '', token ?? '', new SystemClock(), Date.now().toString(36));

/** A local server that speaks Vault's wire format. */
export const localVault = async (clock: Clock = new SystemClock()) => {
  const server = await LocalVault.start(clock);
  const caFile = join(mkdtempSync(join(tmpdir(), 'banyan-vault-')), 'ca.pem');
  writeFileSync(caFile, server.caPem);
  return { server, lab: new VaultLab(server.address, caFile, server.rootToken, clock, 'local') };
};
