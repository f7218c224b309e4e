import { readFile } from 'node:fs/promises';
import { BanyanError, messageOf, SecretText } from '@banyan/kernel';
import { refusalOf, type VaultCall, vaultErrors } from '../../domain/vault-answers.js';
import type { VaultCredential, VaultLogin } from '../../domain/vault-options.js';
import { authAnswer, lookupAnswer, shaped } from '../../domain/vault-shapes.js';
import type { VaultHttp } from './vault-http.js';

/** A token as Vault describes it. */
export interface GrantedToken {
  readonly token: SecretText;
  /** Seconds; 0 is without end. */
  readonly ttlSeconds: number;
  readonly renewable: boolean;
}

const LOOKUP: VaultCall = { method: 'GET', path: 'auth/token/lookup-self' };
const REVOKE: VaultCall = { method: 'POST', path: 'auth/token/revoke-self', body: {} };
const RENEW: VaultCall = { method: 'POST', path: 'auth/token/renew-self', body: {} };

/** The calls that concern the token itself. Throws `PROVIDER_REFUSED`, `PROVIDER_UNREACHABLE`, `ABORTED`. */
export class VaultLogins {
  constructor(
    private readonly http: VaultHttp,
    private readonly credential: VaultCredential,
    private readonly namespace: string,
  ) {}

  /** The configured token as Vault knows it, or a fresh one by logging in. */
  async obtain(signal: AbortSignal): Promise<GrantedToken> {
    const { credential } = this;
    if (credential.kind === 'login') return this.#login(credential.login, signal);
    const { token } = credential;
    if (!(await this.knows(token, signal))) throw tokenEnded();
    const answer = await this.http.call(LOOKUP, { token, namespace: this.namespace }, signal);
    if (answer.status !== 200) throw refusalOf(LOOKUP, answer);
    const { ttl, renewable } = shaped(lookupAnswer, LOOKUP, answer.body).data;
    return { token, ttlSeconds: ttl, renewable };
  }

  /** Whether the token still is one. False too where it may not look itself up, which the default policy allows. */
  async knows(token: SecretText, signal: AbortSignal): Promise<boolean> {
    const answer = await this.http.call(LOOKUP, { token, namespace: this.namespace }, signal);
    if (answer.status === 403) return false;
    if (answer.status !== 200) throw refusalOf(LOOKUP, answer);
    return true;
  }

  /** Ends the token at once. */
  async revoke(token: SecretText, signal: AbortSignal): Promise<void> {
    const answer = await this.http.call(REVOKE, { token, namespace: this.namespace }, signal);
    if (answer.status >= 300) throw refusalOf(REVOKE, answer);
  }

  async renew(token: SecretText, signal: AbortSignal): Promise<GrantedToken> {
    const answer = await this.http.call(RENEW, { token, namespace: this.namespace }, signal);
    if (answer.status === 403) throw tokenEnded();
    if (answer.status !== 200) throw refusalOf(RENEW, answer);
    return granted(RENEW, answer.body);
  }

  async #login(login: VaultLogin, signal: AbortSignal): Promise<GrantedToken> {
    const path = `auth/${login.mount}/login`;
    const call: VaultCall = { method: 'POST', path, body: await loginBody(login) };
    const answer = await this.http.call(call, { namespace: this.namespace }, signal);
    if (answer.status === 400 || answer.status === 403) {
      const said = vaultErrors(answer);
      throw new BanyanError(
        'PROVIDER_REFUSED',
        `${LOGIN_FIXES[login.type]}${said === '' ? '' : ` (Vault says: ${said})`}`,
        {
          fields: { path, status: answer.status },
        },
      );
    }
    if (answer.status !== 200) throw refusalOf(call, answer);
    return granted(call, answer.body);
  }
}

const LOGIN_FIXES = {
  approle: 'Vault refuses the AppRole login: check role_id, and give a secret_id that is neither used up nor expired',
  kubernetes:
    'Vault refuses the Kubernetes login: check role, and the service account and audience that it is bound to',
} as const;

/** For a token that Vault does not take any more. */
export const tokenEnded = (): BanyanError =>
  new BanyanError(
    'PROVIDER_REFUSED',
    'Vault does not take the token: it has expired, was revoked, or may not read auth/token/lookup-self (the default policy allows it). Put a fresh Token into the CA configuration',
  );

const granted = (call: VaultCall, body: unknown): GrantedToken => {
  const { auth } = shaped(authAnswer, call, body);
  return { token: new SecretText(auth.client_token), ttlSeconds: auth.lease_duration, renewable: auth.renewable };
};

const loginBody = async (login: VaultLogin): Promise<Record<string, string>> => {
  if (login.type === 'kubernetes') return { role: login.role, jwt: await reveal('token_path', login.jwt) };
  const { roleId, secretId } = login;
  return {
    role_id: typeof roleId === 'string' ? roleId : await reveal('role_id_file_path', roleId),
    ...(secretId !== undefined && { secret_id: await reveal('secret_id_file_path', secretId) }),
  };
};

const reveal = async (parameter: string, secret: SecretText | { readonly path: string }): Promise<string> => {
  if (secret instanceof SecretText) return secret.reveal();
  try {
    return (await readFile(secret.path, 'utf8')).trim();
  } catch (error) {
    throw new BanyanError('PROVIDER_REFUSED', `AuthMethod.Params.${parameter} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
};
