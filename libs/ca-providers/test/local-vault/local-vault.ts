import { randomUUID } from 'node:crypto';
import { createServer as createPlainServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Clock } from '@banyan/kernel';
import { type EngineAnswer, PkiEngine } from './pki-engine.js';
import { serverCertificate } from './server-certificate.js';
import { TokenStore } from './token-store.js';

type Body = Readonly<Record<string, unknown>>;
type Answer = EngineAnswer & { readonly auth?: unknown };

interface Role {
  readonly settings: Body;
  readonly roleId: string;
  readonly secretIds: Map<string, number>;
}

const denied: Answer = { status: 403, errors: ['1 error occurred:\n\t* permission denied\n\n'] };
const invalidToken: Answer = {
  status: 403,
  errors: ['2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n'],
};
const sealed: Answer = { status: 503, errors: ['Vault is sealed'] };
const noRoute = (path: string): Answer => ({
  status: 404,
  errors: [`no handler for route "${path}". route entry not found.`],
});
const CAPABILITIES: Readonly<Record<string, string>> = { GET: 'read', LIST: 'list', POST: 'update', DELETE: 'delete' };
/** One path of the PKI engine asks for sudo in Vault, all of that name in OpenBao's older releases. */
const NEEDS_SUDO = /\/sign-self-issued$/;

/**
 * A server that answers as Vault does (recorded from 1.21: error arrays, statuses, TTLs, sealing), with TLS, for PKI,
 * tokens, policies, AppRole and Kubernetes logins. Time is the test's.
 */
export class LocalVault {
  readonly rootToken = 'hvs.local-root';
  readonly tokens: TokenStore;
  /** Every request, in order: method and path. */
  readonly requests: string[] = [];
  /** JSON web tokens that the Kubernetes login takes, and the role of each. */
  readonly serviceAccounts = new Map<string, { readonly role: string; readonly policies: readonly string[] }>();
  isSealed = false;
  /** What the next requests are answered with instead, for faults on the way. */
  readonly faults: ((response: ServerResponse) => void)[] = [];
  readonly #engines = new Map<string, PkiEngine>();
  readonly #roles = new Map<string, Role>();

  private constructor(
    private readonly clock: Clock,
    private readonly server: Server,
    readonly caPem: string,
  ) {
    this.tokens = new TokenStore(clock, this.rootToken);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => void this.#serve(request, response));
  }

  static async start(clock: Clock): Promise<LocalVault> {
    const { caPem, keyPem, certificatePem } = serverCertificate();
    const server = createServer({ key: keyPem, cert: certificatePem });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new LocalVault(clock, server, caPem);
  }

  get address(): string {
    return `https://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    const url = new URL(request.url ?? '', 'https://vault');
    const path = url.pathname.replace(/^\/v1\//, '');
    const method = url.searchParams.get('list') === 'true' ? 'LIST' : (request.method ?? '');
    this.requests.push(`${method} ${path}`);
    const fault = this.faults.shift();
    if (fault !== undefined) {
      fault(response);
      return;
    }
    const text = Buffer.concat(parts).toString('utf8');
    const body = (text === '' ? {} : JSON.parse(text)) as Body;
    const token = request.headers['x-vault-token'];
    send(response, this.#answer({ method, path, body, token: String(token ?? '') }));
  }

  #answer(call: { method: string; path: string; body: Body; token: string }): Answer {
    if (call.path === 'sys/unseal') this.isSealed = false;
    if (this.isSealed) return sealed;
    if (call.path === 'sys/unseal') return { status: 200, data: { sealed: false } };
    const login = /^auth\/(.+)\/login$/.exec(call.path)?.[1];
    if (login !== undefined) return this.#login(login, call.body);
    // Names of issuers are public in Vault.
    if (call.method === 'LIST' && call.path.endsWith('/issuers')) return this.#engine(call);
    const token = this.tokens.find(call.token);
    if (token === undefined) return invalidToken;
    if (call.path === 'auth/token/lookup-self') {
      const { policies, renewable } = token;
      return { status: 200, data: { ttl: this.tokens.secondsLeft(token), renewable, policies, type: 'service' } };
    }
    if (call.path === 'auth/token/renew-self') {
      if (!token.renewable) return { status: 400, errors: ['lease is not renewable'] };
      return { status: 200, auth: this.tokens.renew(call.token, token) };
    }
    if (call.path === 'auth/token/revoke-self') {
      this.tokens.revoke(call.token);
      return { status: 204 };
    }
    const capability = CAPABILITIES[call.method] ?? '';
    if (!this.tokens.allows(token, call.path, capability)) return denied;
    if (NEEDS_SUDO.test(call.path) && !this.tokens.allows(token, call.path, 'sudo')) return denied;
    return this.#administer(call) ?? this.#engine(call);
  }

  #engine({ method, path, body }: { method: string; path: string; body: Body }): Answer {
    const [mount, engine] = [...this.#engines].find(([name]) => path.startsWith(`${name}/`)) ?? [];
    if (mount === undefined || engine === undefined) return noRoute(path);
    return engine.answer(method, path.slice(mount.length + 1), body);
  }

  #administer({ method, path, body }: { method: string; path: string; body: Body }): Answer | undefined {
    const name = path.split('/').at(-1) ?? '';
    if (path === 'sys/seal') this.isSealed = true;
    else if (path === 'auth/token/create') return { status: 200, auth: this.tokens.create(body) };
    else if (path === 'auth/token/revoke') this.tokens.revoke(String(body['token']));
    else if (path.startsWith('sys/leases/revoke-prefix/auth/')) this.tokens.revokeOf(path.split('/')[4] ?? '');
    else if (path.startsWith('sys/policies/acl/')) this.tokens.setPolicy(name, String(body['policy']));
    else if (path.startsWith('sys/mounts/') && method === 'POST') this.#engines.set(name, new PkiEngine(this.clock));
    else if (path.startsWith('sys/mounts/')) this.#engines.delete(name);
    else if (/^auth\/[^/]+\/role\//.test(path)) return this.#role(method, path, body);
    else if (/^[^/]+\/config\/issuers$/.test(path)) return { status: 200, data: body };
    else if (!path.startsWith('sys/auth/')) return undefined;
    return { status: 204 };
  }

  #role(method: string, path: string, body: Body): Answer {
    const [, mount = '', verb] = /^auth\/([^/]+)\/role\/[^/]+(?:\/(role-id|secret-id))?$/.exec(path) ?? [];
    const role = this.#roles.get(mount);
    if (method === 'POST' && verb === undefined) {
      this.#roles.set(mount, { settings: body, roleId: randomUUID(), secretIds: new Map() });
      return { status: 204 };
    }
    if (role === undefined) return noRoute(path);
    if (verb === 'role-id') return { status: 200, data: { role_id: role.roleId } };
    const secretId = randomUUID();
    role.secretIds.set(secretId, Number(role.settings['secret_id_num_uses'] ?? 0) || Infinity);
    return { status: 200, data: { secret_id: secretId } };
  }

  #login(mount: string, body: Body): Answer {
    const role = this.#roles.get(mount);
    if (role !== undefined) {
      const secretId = String(body['secret_id']);
      const uses = role.secretIds.get(secretId) ?? 0;
      if (body['role_id'] !== role.roleId || uses === 0) return { status: 400, errors: ['invalid role or secret ID'] };
      role.secretIds.set(secretId, uses - 1);
      return { status: 200, auth: this.tokens.create(role.settings, mount) };
    }
    const account = this.serviceAccounts.get(String(body['jwt']));
    if (mount !== 'kubernetes') return noRoute(`auth/${mount}/login`);
    if (account === undefined || account.role !== body['role']) return denied;
    return { status: 200, auth: this.tokens.create({ token_policies: account.policies, token_ttl: '1h' }) };
  }
}

const send = (response: ServerResponse, { status, data, errors, auth }: Answer): void => {
  const empty = { request_id: randomUUID(), lease_id: '', renewable: false, lease_duration: 0, wrap_info: null };
  const body =
    status === 204
      ? undefined
      : errors !== undefined
        ? { errors }
        : { ...empty, data: data ?? null, warnings: null, auth: auth ?? null };
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(body === undefined ? undefined : JSON.stringify(body));
};

/** A server that does not speak TLS where it should. */
export const plainServer = async (): Promise<{ readonly port: number; readonly stop: () => Promise<void> }> => {
  const server = createPlainServer((_, response) => response.end('{}'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
