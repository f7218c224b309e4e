import { expect, it } from '@jest/globals';
import type { RootProvider, RootRequest } from '@banyan/ca';
import { type BanyanError, HOUR, isBanyanError, SystemRandom } from '@banyan/kernel';
import { Certificate } from '@banyan/pki';
import { VaultKind } from '../src/index.js';
import { calm, holding, surroundings } from './edges.js';
import { policyFor, type PolicyPaths, type VaultLab } from './vault-lab.js';

export const TRUST_DOMAIN = '6f1d0c52-9a3b-4e07-8d15-2b7c9e40aa61.consul';

export const failure = async (work: Promise<unknown>): Promise<BanyanError> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (isBanyanError(error)) return error;
  throw new Error('a coded error was expected', { cause: error });
};

export const rootRequest = (lab: VaultLab, over: Partial<RootRequest> = {}): RootRequest => ({
  rotationId: new SystemRandom().uuid(),
  trustDomain: TRUST_DOMAIN,
  commonName: `pri-${new SystemRandom().uuid().slice(0, 8)}.banyan`,
  keySpec: { type: 'ec', bits: 256 },
  lifetimeMs: 48 * HOUR,
  now: lab.clock.now(),
  ...over,
});

/** A mount and the options of a provider for it. */
export const placeIn = async (lab: VaultLab) => {
  const mount = await lab.mount();
  return { mount, options: { Address: lab.address, CAFile: lab.caFile, RootPKIPath: mount } };
};

const without = (paths: PolicyPaths, part: string): PolicyPaths =>
  Object.fromEntries(Object.entries(paths).filter(([path]) => !path.includes(part)));

/** What holds of any Vault, local or real. `track` stops the kind after the test. */
export const examineBehaviour = (lab: () => VaultLab, track: (kind: VaultKind) => VaultKind): void => {
  const open = async (own: Record<string, unknown> | ((mount: string) => Promise<Record<string, unknown>>)) => {
    const { mount, options } = await placeIn(lab());
    const kind = track(new VaultKind(surroundings()));
    const all: Record<string, unknown> = { ...options, ...(typeof own === 'function' ? await own(mount) : own) };
    return { mount, options: all, kind, provider: kind.open(all) };
  };
  const provide = async (provider: RootProvider) => provider.provide(rootRequest(lab()), calm());

  it('logs in with an AppRole, in a mount of its own', async () => {
    const { provider } = await open(async (mount) => {
      const { mount: auth, roleId, secretId } = await lab().appRole(policyFor(mount), { token_ttl: '1h' });
      return { AuthMethod: { Type: 'approle', MountPath: auth, Params: { role_id: roleId, secret_id: secretId } } };
    });
    const root = await provide(provider);
    expect(Certificate.fromPem(root.certificatePem).uris).toEqual([`spiffe://${TRUST_DOMAIN}`]);
  });

  it('logs in again when its token is revoked, and goes on with the call', async () => {
    let auth = '';
    const { provider, kind, options } = await open(async (path) => {
      const { mount, roleId, secretId } = await lab().appRole(policyFor(path), { token_ttl: '1h' });
      auth = mount;
      return { AuthMethod: { Type: 'approle', MountPath: auth, Params: { role_id: roleId, secret_id: secretId } } };
    });
    const root = await provide(provider);
    await lab().revokeAll(auth);
    expect(await kind.open(options).inspect(root.keyReference, root.certificatePem, calm())).toEqual({ kind: 'ready' });
  });

  it('says that a wrong secret_id is refused, without showing it', async () => {
    const { provider } = await open(async (mount) => {
      const { mount: auth, roleId } = await lab().appRole(policyFor(mount));
      return {
        AuthMethod: { Type: 'approle', MountPath: auth, Params: { role_id: roleId, secret_id: 'not-the-secret' } },
      };
    });
    const error = await failure(provide(provider));
    expect(error).toMatchObject({ code: 'PROVIDER_REFUSED', message: holding('Vault refuses the AppRole login') });
    expect(JSON.stringify([error.message, error.fields])).not.toContain('not-the-secret');
  });

  it('says that a token was revoked, and what to do', async () => {
    const { options, provider } = await open(async (mount) => ({ Token: await lab().token(policyFor(mount)) }));
    await provide(provider);
    await lab().revoke(String(options['Token']));
    const error = await failure(provide(provider));
    expect(error).toMatchObject({
      code: 'PROVIDER_REFUSED',
      message: holding('Put a fresh Token into the CA configuration'),
    });
    expect(error.message).not.toContain(String(options['Token']));
  });

  it.each([
    ['generate', 'provide', 'its policy must allow update there'],
    ['sign-intermediate', 'sign-intermediate', 'its policy must allow update there'],
    ['sign-self-issued', 'cross-sign', 'its policy must allow update and sudo there'],
    ['issuer/+', 'provide', 'its policy must allow read there'],
  ])('tries all its calls in advance and names what the policy lacks: %s', async (lacking, step, text) => {
    const { kind, options } = await open(async (mount) => {
      const full = policyFor(mount);
      const exact = Object.fromEntries(Object.entries(full).filter(([path]) => !path.endsWith(lacking)));
      const paths = lacking === 'generate' ? without(full, 'generate') : exact;
      return { Token: await lab().token(paths) };
    });
    const request = {
      trustDomain: TRUST_DOMAIN,
      keySpec: { type: 'ec', bits: 256 } as const,
      now: lab().clock.now(),
      random: new SystemRandom(),
    };
    const steps = await kind.preflight(options, request, calm());
    const failed = steps.find(({ outcome }) => outcome === 'failed');
    expect(failed).toMatchObject({ step, code: 'PROVIDER_REFUSED', reason: holding(text) });
  });

  it('leaves nothing behind when it tries its calls', async () => {
    const { kind, options, mount } = await open(async (path) => ({ Token: await lab().token(policyFor(path)) }));
    const request = {
      trustDomain: TRUST_DOMAIN,
      keySpec: { type: 'rsa', bits: 2048 } as const,
      now: lab().clock.now(),
      random: new SystemRandom(),
    };
    const steps = await kind.preflight(options, request, calm());
    expect(steps.map(({ step, outcome, reason }) => [step, outcome, reason])).toEqual([
      ['provide', 'ok', undefined],
      ['sign-intermediate', 'ok', undefined],
      ['cross-sign', 'ok', undefined],
      ['inspect', 'ok', undefined],
      ['destroy', 'ok', undefined],
    ]);
    expect((await lab().admin('LIST', `${mount}/issuers`)).status).toBe(404);
    expect((await lab().admin('LIST', `${mount}/keys`)).status).toBe(404);
  });

  it('pins its issuer: another default changes nothing', async () => {
    const { provider, mount } = await open(async (path) => ({ Token: await lab().token(policyFor(path)) }));
    const root = await provide(provider);
    const settings = { issuer_name: 'other', common_name: 'other.example', key_type: 'ec', key_bits: 256 };
    const made = await lab().admin('POST', `${mount}/issuers/generate/root/internal`, {
      ...settings,
      not_after: '2040-01-01T00:00:00Z',
    });
    const { issuer_id: other } = (made.body as { data: { issuer_id: string } }).data;
    await lab().admin('POST', `${mount}/config/issuers`, { default: other });
    expect(await provider.inspect(root.keyReference, root.certificatePem, calm())).toEqual({ kind: 'ready' });
  });

  it.each([
    ['the issuer is deleted', 'DELETE', {}, 'it is gone'],
    ['the issuer may sign no more', 'POST', { usage: 'read-only' }, 'its usage lacks issuing-certificates'],
  ] as const)('calls it drift when %s', async (_, method, body, text) => {
    const { provider, mount } = await open(async (path) => ({ Token: await lab().token(policyFor(path)) }));
    const root = await provide(provider);
    const { issuerId } = JSON.parse(root.keyReference) as { issuerId: string };
    await lab().admin(method, `${mount}/issuer/${issuerId}`, method === 'POST' ? body : undefined);
    const condition = await provider.inspect(root.keyReference, root.certificatePem, calm());
    expect(condition).toEqual({ kind: 'drift', reason: holding(text) });
  });

  it('makes one root when two servers ask at once for one rotation', async () => {
    const { provider } = await open(async (path) => ({ Token: await lab().token(policyFor(path)) }));
    const request = rootRequest(lab());
    const roots = await Promise.all([1, 2, 3].map(async () => provider.provide(request, calm())));
    expect(new Set(roots.map(({ certificatePem }) => certificatePem)).size).toBe(1);
  });

  it('says that a mount is missing, and which', async () => {
    const { kind, options } = await open(async () => ({
      Token: await lab().token({ 'nowhere/*': ['list', 'update'] }),
    }));
    const error = await failure(provide(kind.open({ ...options, RootPKIPath: 'nowhere' })));
    expect(error).toMatchObject({
      code: 'PROVIDER_REFUSED',
      message: holding('no secrets engine is mounted at nowhere/issuers'),
    });
  });

  it('says that a configured issuer is missing, or may sign nothing', async () => {
    const { kind, options, mount } = await open(async (path) => ({ Token: await lab().token(policyFor(path)) }));
    expect(await failure(provide(kind.open({ ...options, RootIssuer: 'absent' })))).toMatchObject({
      code: 'PROVIDER_REFUSED',
      message: `RootIssuer absent in ${mount} does not exist: create it or name another`,
    });
    const settings = { issuer_name: 'idle', common_name: 'idle.example', key_type: 'ec', key_bits: 256 };
    await lab().admin('POST', `${mount}/issuers/generate/root/internal`, {
      ...settings,
      not_after: '2040-01-01T00:00:00Z',
    });
    await lab().admin('POST', `${mount}/issuer/idle`, { issuer_name: 'idle', usage: 'read-only' });
    expect(await failure(provide(kind.open({ ...options, RootIssuer: 'idle' })))).toMatchObject({
      code: 'PROVIDER_REFUSED',
      message: holding('its usage lacks issuing-certificates'),
    });
  });

  it('says that its certificate is not trusted, for want of CAFile', async () => {
    const { kind, options } = await open({ Token: 'any' });
    const { CAFile: _, ...untrusting } = options;
    expect(await failure(provide(kind.open(untrusting)))).toMatchObject({
      code: 'PROVIDER_REFUSED',
      message: holding('give its CA in CAFile'),
    });
    expect(await failure(provide(kind.open({ ...options, CAFile: '/does/not/exist' })))).toMatchObject({
      code: 'PROVIDER_REFUSED',
      message: holding('CAFile cannot be read'),
    });
  });

  it('says that its certificate is for other names', async () => {
    const { kind, options } = await open({ Token: 'any', TLSServerName: 'elsewhere.example' });
    expect(await failure(provide(kind.open(options)))).toMatchObject({
      code: 'PROVIDER_REFUSED',
      message: holding('its certificate is for other names'),
    });
  });
};
